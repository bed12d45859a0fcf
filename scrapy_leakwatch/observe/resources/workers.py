"""Threads and child processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import FunctionType
from typing import TYPE_CHECKING, Any

import psutil

from scrapy_leakwatch import anatomy, redact
from scrapy_leakwatch.observe.resources.found import Found
from scrapy_leakwatch.observe.resources.naming import hints_of, is_ours, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_EXECUTOR = "_worker"


def found(reach: Reach | None) -> Iterator[Found]:
    """Yield the threads and children of the process that live."""
    yield from _threads()
    yield from _children(reach)


def _threads() -> Iterator[Found]:
    own = {id(threading.main_thread()), id(threading.current_thread())}
    for thread in threading.enumerate():
        if id(thread) in own or is_ours(anatomy.attribute(thread, "_target")):
            continue
        target = anatomy.attribute(thread, "_target")
        if target is None:
            target = anatomy.attribute(thread, "function")  # of a threading.Timer
        parts = (target, *(anatomy.attribute(thread, name) for name in _GIVEN))
        if _is_pooled(target):
            parts = ()
        uses = (thread, *(part for part in parts if part is not None))
        hints = hints_of(target) | {anatomy.name(type(thread))} - {"Thread"}
        yield Found("Thread", thread, _called(thread, target), uses, hints)


_GIVEN = ("_args", "_kwargs", "args", "kwargs")


def _is_pooled(target: Any) -> bool:
    """Tell whether a thread is one of an executor, whose work is everybody's."""
    return type(target) is FunctionType and target.__name__ == _EXECUTOR


def _called(thread: Any, target: Any) -> str:
    name = anatomy.text_attribute(thread, "_name")
    runs = name_of(target) if target is not None else anatomy.name(type(thread))
    return redact.text(f"{runs} ({name})" if name else runs)


def _children(reach: Reach | None) -> Iterator[Found]:
    seen: dict[int, Found] = {}
    for thing in (*(reach.things() if reach else ()), *subprocess._active):  # type: ignore[attr-defined]
        if anatomy.is_a(thing, subprocess.Popen):
            child = _popen(thing)
            seen.setdefault(id(thing), child) if child else None
    module = sys.modules.get("multiprocessing.process")
    for process in list(anatomy.attribute(module, "_children") or ()):
        if _runs(anatomy.attribute(process, "_popen", "pid")):
            seen[id(process)] = _multiprocessing(process)
    module = sys.modules.get("twisted.internet.process")
    reaped = anatomy.attribute(module, "reapProcessHandlers") or {}
    for process in list(reaped.values()):
        protocol = anatomy.attribute(process, "proto")
        what = f"process of {anatomy.name(type(protocol))}"
        hints = frozenset({anatomy.name(type(protocol))})
        seen[id(process)] = Found("child process", process, what, (protocol,), hints)
    yield from seen.values()


def _popen(process: Any) -> Found | None:
    pid = anatomy.attribute(process, "pid")
    if anatomy.attribute(process, "returncode") is not None or not _runs(pid):
        return None
    args = anatomy.attribute(process, "args")
    listed = args if type(args) is list or type(args) is tuple else ()
    words = (args,) if type(args) is str else listed
    texts = [word for word in words if type(word) is str]
    command = redact.text(texts[0] if texts else "a command", 60)
    return Found(
        "child process", process, f"{command} (pid {pid})", (), frozenset(texts)
    )


def _multiprocessing(process: Any) -> Found:
    target = anatomy.attribute(process, "_target")
    uses = (process,) if target is None else (process, target)
    what = name_of(target) if target is not None else anatomy.name(type(process))
    return Found("child process", process, what, uses, hints_of(target))


def _runs(pid: Any) -> bool:
    if type(pid) is not int:  # psutil would take None for this very process
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
