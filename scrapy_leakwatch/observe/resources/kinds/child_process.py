"""A child process of `subprocess`, `multiprocessing` or Twisted."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import hints_of, name_of
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(reach: Reach) -> Iterator[Live]:
    yield from _of_subprocess(reach)
    yield from _of_multiprocessing()
    yield from _of_twisted()


def pid_of(live: Live) -> Any:
    """Return the process id of a child process."""
    pid = anatomy.attribute(live.thing, "pid")
    return anatomy.attribute(live.thing, "_popen", "pid") if pid is None else pid


def _of_subprocess(reach: Reach) -> Iterator[Live]:
    seen: set[int] = set()
    for thing in (*reach.things(), *subprocess._active):  # type: ignore[attr-defined]
        if anatomy.is_a(thing, subprocess.Popen) and id(thing) not in seen:
            seen.add(id(thing))
            yield from _popen(thing)


def _popen(process: Any) -> Iterator[Live]:
    pid = anatomy.attribute(process, "pid")
    if anatomy.attribute(process, "returncode") is not None or not _runs(pid):
        return
    args = anatomy.attribute(process, "args")
    listed = args if type(args) is list or type(args) is tuple else ()
    words = (args,) if type(args) is str else listed
    texts = [word for word in words if type(word) is str]
    command = redact.url(texts[0] if texts else "a command", 60)
    what = f"{command} (pid {pid})"
    yield Live(KIND, process, what, hints=frozenset(texts))


def _of_multiprocessing() -> Iterator[Live]:
    module = sys.modules.get("multiprocessing.process")
    for process in list(anatomy.attribute(module, "_children") or ()):
        if _runs(anatomy.attribute(process, "_popen", "pid")):
            target = anatomy.attribute(process, "_target")
            uses = (process,) if target is None else (process, target)
            what = name_of(process if target is None else target)
            yield Live(KIND, process, what, uses, hints_of(target))


def _of_twisted() -> Iterator[Live]:
    module = sys.modules.get("twisted.internet.process")
    reaped = anatomy.attribute(module, "reapProcessHandlers") or {}
    for process in list(reaped.values()):
        protocol = anatomy.attribute(process, "proto")
        name = anatomy.name(type(protocol))
        what = f"process of {name}"
        yield Live(KIND, process, what, (protocol,), frozenset({name}))


def _runs(pid: Any) -> bool:
    if type(pid) is not int:  # psutil would take None for this very process
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False


_PROCESSES = ("Process", "ForkProcess", "SpawnProcess", "ForkServerProcess")

KIND = LiveKind(
    ResourceKind(
        "child process",
        did="started",
        since="still runs",
        release="{0}.terminate() and {0}.wait()",
        release_unkept="keep the process, terminate() it and wait() for it",
    ),
    find=_find,
    counted_as="children",
    taken_by=frozenset(
        {
            *("Popen", "Process", "spawnProcess", "create_subprocess_exec"),
            *("create_subprocess_shell", "ProcessPoolExecutor", "Pool"),
            *("Manager", "SyncManager"),
        }
    ),
    classes=frozenset({"subprocess.Popen"}),
    closers={
        "ProcessPoolExecutor": "shutdown()",
        "SyncManager": "shutdown()",
        **dict.fromkeys(_PROCESSES, "terminate() and join()"),
    },
    told_by_hints=True,
    all_hints=True,  # they are the words of its command
)
