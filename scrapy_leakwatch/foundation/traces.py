"""What a process can be known by later, and what has become of it."""

from __future__ import annotations

import os
from pathlib import Path

from scrapy_leakwatch.foundation.cgroups import memory_groups, oom_kills, read
from scrapy_leakwatch.records import Process, Trace

ROOT = Path("/")
_STARTED = 19
"""The place of the start time in /proc/<pid>/stat, behind the name in brackets."""


def own(root: Path = ROOT) -> Process:
    """Return what this process is to be known by; below ``root`` are /proc and /sys."""
    for group in memory_groups(root):
        kills = oom_kills(group.folder)
        if kills is not None:
            return Process(
                boot=_boot(root),
                started=_started(os.getpid(), root),
                group=str(group.folder),
                group_id=_id(group.folder),
                oom_kills=kills,
            )
    return Process(_boot(root), _started(os.getpid(), root))


def trace_of(pid: int, known: Process | None, root: Path = ROOT) -> Trace:
    """Return what has become of a process that was ``known`` as it began."""
    if known is None or not known.boot or known.boot != _boot(root):
        return Trace()  # another machine, or it was started anew
    running = known.started > 0 and _started(pid, root) == known.started
    folder = Path(known.group)
    if not known.group or _id(folder) != known.group_id:
        return Trace(running=running)
    kills = oom_kills(folder)
    since = None if kills is None else max(kills - known.oom_kills, 0)
    return Trace(running=running, oom_kills=since)


def _boot(root: Path) -> str:
    return read(root / "proc/sys/kernel/random/boot_id").strip()


def _started(pid: int, root: Path) -> int:
    """Return when a process began, in ticks since the system did; 0: there is none."""
    fields = read(root / "proc" / str(pid) / "stat").rpartition(")")[2].split()
    return int(fields[_STARTED]) if len(fields) > _STARTED else 0


def _id(folder: Path) -> int:
    """Return the number of a control group, which no later one has."""
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
