"""Counts the threads, descriptors, children, timers and tasks of the process."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

import psutil

from scrapy_leakwatch.foundation.cgroups import pids_left
from scrapy_leakwatch.internals import loops
from scrapy_leakwatch.observe.process_tree import (
    children_of,
    is_listed,
    threads_of,
)
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.records import ResourceCounts, ResourceLimits

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

Counted = TypeVar("Counted", bound="tuple[int, ...]")

_DESCRIPTORS = "/proc/self/fd"
MANY_DESCRIPTORS = 250
MANY_TASKS = 200
MANY_THREADS = 8
"""To count so many takes 0.1 to 0.2 ms. Of more, fewer samples have the count."""
MOST_THREADS = 32
"""Of more it is not asked which children they have."""
LONGEST_REST = 12
"""Samples without a count, however much there is."""
LOOKED_AT = 64
"""New descriptors of which it is asked in a sample what they are."""
LOOKED_AT_AGAIN = 8
"""And of those known: the number may have gone to another meanwhile."""
LIMITS_MAX_AGE_S = 60.0


class ResourceGauge:
    """What this process has that must be given back; reads tables, walks nothing."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._descriptors = _Spaced(_Descriptors().count, MANY_DESCRIPTORS)
        self._children = _Spaced(_children, MANY_THREADS)
        self._tasks = _Spaced(_tasks, MANY_TASKS)
        self._limits = ResourceLimits()
        self._limits_read_at = -LIMITS_MAX_AGE_S

    def read(self) -> ResourceCounts:
        """Return what there is now."""
        reactor, loop = event_loops.installed_reactor(), event_loops.event_loop()
        files, sockets = self._descriptors.read() or (None, None)
        threads = self._process.num_threads()
        few = threads <= MOST_THREADS
        children, _ = (few and self._children.read()) or (None, None)
        (tasks,) = self._tasks.read() or (None,)
        return ResourceCounts(
            threads=threads,
            files=files,
            sockets=sockets,
            children=children,
            timers=loops.timers(reactor, loop),
            tasks=tasks,
            pool_queue=loops.waiting_work(
                reactor, sys.modules.get("concurrent.futures.thread")
            ),
        )

    def limits(self) -> ResourceLimits:
        """Return what the process may have, as it was within the last minute."""
        if time.monotonic() - self._limits_read_at >= LIMITS_MAX_AGE_S:
            self._limits = _limits(self._process)
            self._limits_read_at = time.monotonic()
        return self._limits


class _Spaced(Generic[Counted]):
    """A count that takes the longer the more there is, and is taken the rarer.

    ``count`` returns numbers whose sum is how much it went through, None where that
    can't be told.
    """

    def __init__(self, count: Callable[[], Counted | None], many: int) -> None:
        self._count = count
        self._many = many
        self._rest = 0

    def read(self) -> Counted | None:
        if self._rest:
            self._rest -= 1
            return None
        counted = self._count()
        self._rest = min(sum(counted or ()) // self._many, LONGEST_REST)
        return counted


class _Descriptors:
    """Tells sockets from other descriptors, and remembers which is which."""

    def __init__(self) -> None:
        self._sockets: dict[int, bool] = {}

    def count(self) -> tuple[int, int] | None:
        """Return how many files there are, and how many sockets."""
        try:
            numbers = {int(name) for name in os.listdir(_DESCRIPTORS)}
            numbers.discard(_lowest_free(numbers))  # the listing's own
        except OSError:
            return None
        for number in self._sockets.keys() - numbers:
            del self._sockets[number]
        for number in list(islice(self._sockets, LOOKED_AT_AGAIN)):
            self._look_at(number)
        new = list(numbers - self._sockets.keys())
        looked_at = new[:: len(new) // LOOKED_AT + 1]
        gone = sum(not self._look_at(number) for number in looked_at)
        rest = len(new) - len(looked_at)
        sockets = sum(self._sockets.values())
        if rest:  # they are as those that were looked at
            some = sum(self._sockets.get(number, False) for number in looked_at)
            sockets += round(rest * some / len(looked_at))
        return len(numbers) - gone - sockets, sockets

    def _look_at(self, number: int) -> bool:
        """Note what a descriptor is, as the latest; tell whether it is still there."""
        self._sockets.pop(number, None)
        try:
            found = os.fstat(number)
        except OSError:  # a thread has closed it meanwhile
            return False
        self._sockets[number] = stat.S_ISSOCK(found.st_mode)
        return True


def _lowest_free(numbers: set[int]) -> int:
    number = os.dup(min(numbers))
    os.close(number)
    return number


def _children() -> tuple[int, int] | None:
    """Return how many child processes there are, and threads that may have some."""
    if not is_listed():
        return None
    here = os.getpid()
    threads = threads_of(here)
    return sum(len(children_of(here, each)) for each in threads), len(threads)


def _tasks() -> tuple[int] | None:
    loop = event_loops.event_loop()
    try:
        return (len(asyncio.all_tasks(loop)) if loop is not None else 0,)
    except RuntimeError:  # the weak set changed while it was read, again and again
        return None


def _limits(process: psutil.Process) -> ResourceLimits:
    if resource is None:
        return ResourceLimits()
    pids = [each for each in (pids_left(), _of_user(process)) if each is not None]
    most, free = min(pids, key=lambda each: each[1], default=(None, None))
    return ResourceLimits(_soft(resource.RLIMIT_NOFILE), most, free)


def _of_user(process: psutil.Process) -> tuple[int, int] | None:
    """Return the user's limit of threads; how many others he has nobody tells cheaply.

    It does not hold for root.
    """
    most = _soft(resource.RLIMIT_NPROC) if os.getuid() else None
    return None if most is None else (most, max(most - process.num_threads(), 0))


def _soft(limit: int) -> int | None:
    most, _ = resource.getrlimit(limit)
    return None if most == resource.RLIM_INFINITY else most
