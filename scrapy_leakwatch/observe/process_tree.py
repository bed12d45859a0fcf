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

MAIN_S, OTHERS_S = 0.00015, 0.00005
"""Seconds of a sample for main threads, and for the others, which seldom start any."""
SHARE_OF_TIME = 0.01
"""That a scan of all processes may take, where there is no list of children."""
MOST = 1000
"""Processes that are looked at."""
_LONGEST = 65_536


class ProcessTree:
    """The processes below this one, by the process that started each.

    The kernel has a list of children for each thread of a process, 5 µs to read. One
    walk goes down those of the main threads and of all threads of this process, a
    second one through the other threads, of which a browser has a thousand. A sample
    walks on for a moment. Where there are no such lists all processes are scanned, now
    and then.
    """

    def __init__(self, *, listed: bool | None = None) -> None:
        self._listed = _is_listed() if listed is None else listed
        self._by_main: dict[int, int] = {}
        self._by_others: dict[int, int] = {}
        self._down = self._walk_down()
        self._through = self._walk_through()
        self._scan_at = 0.0

    def look(self) -> Mapping[int, int]:
        """Return the parent of each process below, as far as it was seen by now.

        One that has ended stays until the walk that found it is through again.
        """
        if not self._listed:
            self._scan()
            return self._by_main
        if _walk_on(self._down, MAIN_S):
            self._down = self._walk_down()
        if _walk_on(self._through, OTHERS_S):
            self._through = self._walk_through()
        return {**self._by_others, **self._by_main}

    def _walk_down(self) -> Iterator[None]:
        """Go down the main threads once, a thread a step."""
        found: dict[int, int] = {}
        here = os.getpid()
        waiting = deque([here, *self._by_others])
        while waiting:
            pid = waiting.popleft()
            for thread in _threads(pid) if pid == here else [pid]:
                for child in _children(pid, thread):
                    if child not in found and len(found) < MOST:
                        found[child] = self._by_main[child] = pid
                        waiting.append(child)
                yield
        self._by_main = found

    def _walk_through(self) -> Iterator[None]:
        """Go through the other threads of the processes below once."""
        found: dict[int, int] = {}
        for pid in list({**self._by_others, **self._by_main}):
            for thread in _threads(pid):
                if thread != pid:
                    for child in _children(pid, thread):
                        found[child] = self._by_others[child] = pid
                yield
        self._by_others = found

    def _scan(self) -> None:
        if time.monotonic() < self._scan_at:
            return
        begun = time.perf_counter()
        with suppress(psutil.Error):
            below = psutil.Process().children(recursive=True)
            self._by_main = {
                each.pid: parent
                for each in below[:MOST]
                if each.pid not in OWN and (parent := _parent(each)) is not None
            }
        took = time.perf_counter() - begun
        self._scan_at = time.monotonic() + took / SHARE_OF_TIME


def _is_listed() -> bool:
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _walk_on(walk: Iterator[None], seconds: float) -> bool:
    """Go on with a walk for so long; tell whether it is through."""
    until = time.perf_counter() + seconds
    return all(time.perf_counter() < until for _ in walk)


def _threads(pid: int) -> list[int]:
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:  # it has ended
        return []


def _children(pid: int, thread: int) -> list[int]:
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
