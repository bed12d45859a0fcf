"""Reads what the child processes of a crawl use, in a bounded time.

What a process costs is its PSS, in which shared pages count as a part for each who
shares them. The kernel adds that up page by page, 0.14 ms and 11 µs a megabyte, so it
is read of one process at a time; what is resident and what of that is in files and
shared memory takes 5 µs. So PSS is taken as what is private now, and by how much PSS
was more or less than that at the last reading.
"""

from __future__ import annotations

import mmap
import os
import time
from collections import Counter, deque
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import psutil

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.observe.process_tree import ProcessTree, read
from scrapy_leakwatch.records import MEASURES, Children, Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy_leakwatch.records import Measure

MOST_PROGRAMS = 5
LONGEST_NAME = 60
BUDGET_S = 0.00015
"""Seconds a sample for resident memory; of very many processes it is read by turns."""
CHEAP_S, DEAR_S = 0.0004, 0.02
"""A reading of PSS that takes up to the first of these seconds is for any sample, one
up to the second for one sample a while. What would take longer is not read."""
DEAR_SHARE = 1e-4
"""Of the time that dear readings may take: one of 12 ms is for two minutes."""
MANY_MORE = 2
"""Times as many processes of a program: one more may be dear, as the first may be."""
AGAIN_S = 60.0
"""After which PSS is read again: what a process gets meanwhile is its own."""
PSS_S, PSS_S_OF_A_BYTE = 0.00014, 11e-12
"""What a reading takes: 3 ms at 300 MB."""
UNREAD = 0.0
RESIDENT, SHARED = 1, 2
"""Fields of statm, in pages."""
_HAS_STATM = os.path.exists("/proc/self/statm")


@dataclass(slots=True)
class _Process:
    """One child process, in bytes.

    ``private`` is what is resident without files and shared memory, which may still be
    shared since a fork; ``more`` is what PSS is above it, None where that is not known.
    ``asked_at`` is when PSS was read, or refused.
    """

    pid: int
    name: str = ""
    resident: int = 0
    private: int | None = None
    more: int | None = None
    asked_at: float = UNREAD
    is_settled: bool = False

    @property
    def reading_s(self) -> float:
        return PSS_S + PSS_S_OF_A_BYTE * self.resident

    @property
    def rest_s(self) -> float:
        return max(AGAIN_S, self.reading_s / DEAR_SHARE)

    @property
    def due_at(self) -> float:
        return self.asked_at + self.rest_s


class ChildrenGauge:
    """The child processes of this one, all the way down, without our own."""

    def __init__(self, tree: ProcessTree | None = None) -> None:
        self._tree = tree or ProcessTree()
        self._parents: Mapping[int, int] = {}
        self._known: dict[int, _Process] = {}
        self._turns: deque[int] = deque()
        self._dear_at = 0.0

    def read(self) -> Children:
        """Return what there is now; takes some 0.5 ms at most."""
        self._parents = self._tree.look()
        self._keep_up()
        self._weigh_by_turns()
        self._ask_one()
        return self._together()

    def lineage(self, program: str) -> frozenset[int]:
        """Return the processes of a program, of any without one, and whence they come.

        Those are the processes between them and this one.
        """
        found: set[int] = set()
        for each in self._known.values():
            pid = each.pid
            if program not in {each.name, ""}:
                continue
            while pid in self._parents and pid not in found:
                found.add(pid)
                pid = self._parents[pid]
        return frozenset(found)

    def _keep_up(self) -> None:
        for pid in [pid for pid in self._known if pid not in self._parents]:
            del self._known[pid]
        for pid in self._parents:
            if pid not in self._known:
                self._known[pid] = _Process(pid)
                self._turns.appendleft(pid)

    def _weigh_by_turns(self) -> None:
        until = time.perf_counter() + BUDGET_S
        for _ in range(len(self._turns)):
            process = self._known.get(self._turns[0])
            if process is None or not _weigh(process):
                self._known.pop(self._turns.popleft(), None)
            else:
                self._turns.rotate(-1)
            if time.perf_counter() >= until:
                return

    def _ask_one(self) -> None:
        """Read PSS of one process, if one is due.

        Of those that were not read the newest is the likest to the others.
        """
        due = min(self._due(), key=lambda each: each.asked_at, default=None)
        if due is None:
            return
        due.asked_at = time.monotonic()
        if due.reading_s > CHEAP_S:
            self._dear_at = due.due_at
        pss = _pss(due.pid)
        if pss is not None:
            due.more = pss - (due.private or 0)

    def _due(self) -> Iterator[_Process]:
        """Yield whose PSS may be read now, the newest first."""
        now = time.monotonic()
        old = [
            each
            for each in reversed(self._known.values())
            if each.private and (not each.asked_at or now >= each.due_at)
        ]
        if not old:
            return
        alive = Counter(each.name for each in self._known.values())
        asked = Counter(each.name for each in self._known.values() if each.asked_at)
        for each in old:
            is_one_of_few = alive[each.name] >= MANY_MORE ** asked[each.name]
            is_dear_due = is_one_of_few or now >= self._dear_at
            if each.reading_s <= (DEAR_S if is_dear_due else CHEAP_S):
                yield each

    def _together(self) -> Children:
        programs: dict[str, list[_Process]] = {}
        for each in self._known.values():
            if each.resident:  # one that has ended and was not waited for has nothing
                programs.setdefault(each.name, []).append(each)
        weights = {name: _weight(alike) for name, alike in programs.items()}
        summed = [
            Program(name, len(alike), weights[name][0])
            for name, alike in programs.items()
        ]
        summed.sort(key=lambda each: -each.bytes)
        measures = (measure for _, measure in weights.values())
        return Children(
            count=sum(each.count for each in summed),
            bytes=sum(each.bytes for each in summed),
            measure=max(measures, key=MEASURES.index, default="pss"),
            programs=tuple(summed[:MOST_PROGRAMS]),
        )


def _weight(alike: list[_Process]) -> tuple[int, Measure]:
    """Return the bytes that the processes of a program have, and what those are.

    Where PSS was read of some, the others lack as much that is shared since a fork.
    Of files they have their part, which is the smaller the more there are.
    """
    if any(each.private is None for each in alike):
        return sum(each.resident for each in alike), "rss"
    known = [each.more for each in alike if each.more is not None]
    usual = min(int(median(known)), 0) if known else 0
    found = (
        max((each.private or 0) + (usual if each.more is None else each.more), 0)
        for each in alike
    )
    return sum(found), "pss" if known else "uss"


def _weigh(process: _Process) -> bool:
    """Note what a process has, and at first its name; tell whether it is there."""
    if not _HAS_STATM:
        return _weigh_elsewhere(process)
    fields = read(f"/proc/{process.pid}/statm").split()
    if len(fields) <= SHARED:
        return False
    process.private = mmap.PAGESIZE * (int(fields[RESIDENT]) - int(fields[SHARED]))
    process.resident = mmap.PAGESIZE * int(fields[RESIDENT])
    if not process.is_settled:  # between fork and exec it has its parent's name
        process.is_settled = bool(process.name)
        command = read(f"/proc/{process.pid}/cmdline").partition(b"\0")[0]
        command = command or read(f"/proc/{process.pid}/comm")
        process.name = program_name(command.decode("utf-8", "replace"))
    return True


def _weigh_elsewhere(process: _Process) -> bool:
    try:
        asked = psutil.Process(process.pid)
        process.resident = int(asked.memory_info().rss)
        process.name = process.name or program_name(asked.name())
    except psutil.Error:
        return False
    return True


def _pss(pid: int) -> int | None:
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return None


def program_name(command: str) -> str:
    """Return the program of a command, or of the title that a process gave itself."""
    words = command.split(maxsplit=1)
    name = words[0].rpartition("/")[2].rstrip(":") if words else ""
    return redact.text(name or "?", LONGEST_NAME)
