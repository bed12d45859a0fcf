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

LIKELY_S, OTHERS_S = 0.0001, 0.0001
"""Seconds of a sample for threads that are likely to start processes, and for all."""
FEW = 20
"""Processes of which each is as likely as the next."""
SHARE_OF_TIME = 0.01
"""That a scan of all processes may take, where there is no list of children."""
MOST = 1000
"""Processes that are looked at."""
_LONGEST = 65_536


class ProcessTree:
    """The processes below this one, by the process that started each.

    The kernel has a list of children for each thread of a process, 5 µs to read. One
    walk goes down those of the main threads, where many processes are there only of
    those that are new or have children, and of all threads of this process. A second
    one goes through all threads, of which a browser has a thousand. A sample walks on
    for a moment. Where there are no such lists all processes are scanned, now and then.
    """

    def __init__(self, *, listed: bool | None = None) -> None:
        self._listed = is_listed() if listed is None else listed
        self._likely: dict[int, int] = {}
        self._others: dict[int, int] = {}
        self._down = self._walk_down()
        self._through = self._walk_through()
        self._scan_at = 0.0

    def look(self) -> Mapping[int, int]:
        """Return the parent of each process below, as far as it was seen by now.

        One that has ended stays until the walk that found it is through again.
        """
        if not self._listed:
            self._scan()
            return self._likely
        if _walk_on(self._down, LIKELY_S):
            self._down = self._walk_down()
        if _walk_on(self._through, OTHERS_S):
            self._through = self._walk_through()
        return {**self._others, **self._likely}

    def _walk_down(self) -> Iterator[None]:
        """Go down once to where children are likely, a thread a step."""
        found: dict[int, int] = {}
        here, before = os.getpid(), {**self._others, **self._likely}
        starters = set(before.values())
        waiting = deque([here, *(pid for pid in self._others if pid in starters)])
        while waiting:
            pid = waiting.popleft()
            for thread in threads_of(pid) if pid == here else [pid]:
                for child in children_of(pid, thread):
                    if child in found or len(found) >= MOST:
                        continue
                    found[child] = self._likely[child] = pid
                    is_new = child not in before
                    if is_new or child in starters or len(before) <= FEW:
                        waiting.append(child)
                yield
        self._likely = found

    def _walk_through(self) -> Iterator[None]:
        """Go through all threads of the processes below once."""
        found: dict[int, int] = {}
        for pid in list({**self._others, **self._likely}):
            for thread in threads_of(pid):
                for child in children_of(pid, thread):
                    found[child] = self._others[child] = pid
                yield
        self._others = found

    def _scan(self) -> None:
        if time.monotonic() < self._scan_at:
            return
        begun = time.perf_counter()
        with suppress(psutil.Error):
            below = psutil.Process().children(recursive=True)
            self._likely = {
                each.pid: parent
                for each in below[:MOST]
                if each.pid not in OWN and (parent := _parent(each)) is not None
            }
        took = time.perf_counter() - begun
        self._scan_at = time.monotonic() + took / SHARE_OF_TIME


def is_listed() -> bool:
    """Tell whether the kernel lists the children of a thread."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _walk_on(walk: Iterator[None], seconds: float) -> bool:
    """Go on with a walk for so long; tell whether it is through."""
    until = time.perf_counter() + seconds
    return all(time.perf_counter() < until for _ in walk)


def threads_of(pid: int) -> list[int]:
    """Return the threads of a process, none where it has ended."""
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:  # it has ended
        return []


def children_of(pid: int, thread: int) -> list[int]:
    """Return what a thread of a process has started, without our own."""
    started = read(f"/proc/{pid}/task/{thread}/children").split()
    return [child for child in map(int, started) if child not in OWN]


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
