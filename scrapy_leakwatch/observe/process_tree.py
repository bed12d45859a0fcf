"""Which processes are below this one, without a look at all of the machine's."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from scrapy_leakwatch.foundation.own_processes import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUDGET_S = 0.00015
"""Seconds of walking a sample: enough for some ten processes with few threads."""
SHARE_OF_TIME = 0.01
"""That a scan of all processes may take, where there is no list of children."""
MOST = 1000
"""Processes that are looked at."""
_LONGEST = 65_536


class ProcessTree:
    """The processes below this one, by the process that started each.

    The kernel has a list of children for each thread of a process, 5 µs to read. One
    walk goes down all of these; a sample walks for so long, and the next one goes on.
    Where there are no such lists all processes are scanned, now and then.
    """

    def __init__(self, *, listed: bool | None = None) -> None:
        self._listed = _is_listed() if listed is None else listed
        self._parents: dict[int, int] = {}
        self._walk = self._walk_down()
        self._scan_at = 0.0

    def look(self) -> Mapping[int, int]:
        """Return the parent of each process below, as far as it was seen by now.

        A process that has ended stays until the walk is through.
        """
        if not self._listed:
            self._scan()
            return self._parents
        until = time.perf_counter() + BUDGET_S
        for _ in self._walk:
            if time.perf_counter() >= until:
                return self._parents
        self._walk = self._walk_down()
        return self._parents

    def _walk_down(self) -> Iterator[None]:
        """Go down once, a thread a step."""
        found: dict[int, int] = {}
        waiting = deque([os.getpid()])
        while waiting:
            pid = waiting.popleft()
            for child in _children(pid):
                if child is not None and child not in found and len(found) < MOST:
                    found[child] = self._parents[child] = pid
                    waiting.append(child)
                yield
        self._parents = found

    def _scan(self) -> None:
        if time.monotonic() < self._scan_at:
            return
        begun = time.perf_counter()
        with suppress(psutil.Error):
            below = psutil.Process().children(recursive=True)
            self._parents = {
                each.pid: parent
                for each in below[:MOST]
                if each.pid not in OWN and (parent := _parent(each)) is not None
            }
        took = time.perf_counter() - begun
        self._scan_at = time.monotonic() + took / SHARE_OF_TIME


def _is_listed() -> bool:
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _children(pid: int) -> Iterator[int | None]:
    """Yield what the threads of a process have started; None for one with nothing."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:  # it has ended
        return
    for thread in threads:
        started = read(f"/proc/{pid}/task/{thread}/children").split()
        yield from (child for child in map(int, started) if child not in OWN)
        yield None


def _parent(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.Error:
        return None


def read(path: str, longest: int = _LONGEST) -> bytes:
    """Return what a file of /proc has, nothing where it is gone or not ours to see."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, longest)
    except OSError:
        return b""
    finally:
        os.close(file)
