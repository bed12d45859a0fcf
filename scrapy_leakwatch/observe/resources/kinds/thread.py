"""A thread."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from types import FunctionType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import (
    code_of,
    hints_of,
    is_framework,
    is_ours,
    name_of,
)
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_EXECUTOR = "_worker"
_GIVEN = ("_args", "_kwargs", "args", "kwargs")


def _find(_: Reach) -> Iterator[Live]:
    own = {id(threading.main_thread()), id(threading.current_thread())}
    for thread in threading.enumerate():
        target = anatomy.attribute(thread, "_target")
        if id(thread) in own or is_ours(target):
            continue
        if target is None:
            target = anatomy.attribute(thread, "function")  # of a threading.Timer
        parts = (target, *(anatomy.attribute(thread, name) for name in _GIVEN))
        if _is_pooled(target):
            parts = ()
        uses = (thread, *(part for part in parts if part is not None))
        hints = hints_of(target) | {anatomy.name(type(thread))} - {"Thread"}
        pool = _pool(thread, target)
        yield Live(KIND, thread, _what(thread, target), uses, hints, pool=pool)


def _is_pooled(target: Any) -> bool:
    """Tell whether a thread is one of an executor, whose work is everybody's."""
    return type(target) is FunctionType and target.__code__.co_name == _EXECUTOR


def _pool(thread: Any, target: Any) -> Any:
    """Return what an executor's threads have in common, or Twisted's; else None."""
    if _is_pooled(target):
        given = anatomy.attribute(thread, "_args")
        parts = given if type(given) is tuple else ()
        return next((part for part in parts if type(part) is SimpleQueue), None)
    code = code_of(target)
    return code if code is not None and is_framework(code) else None


def _what(thread: Any, target: Any) -> str:
    name = anatomy.text_attribute(thread, "_name")
    runs = name_of(target) if target is not None else anatomy.name(type(thread))
    return redact.text(f"{runs} ({name})" if name else runs)


KIND = LiveKind(
    ResourceKind(
        "Thread",
        did="started",
        since="still runs",
        release="{}.join(), after an Event told its function to end",
        release_unkept="tell its function to end, as by an Event, and join() it",
        pins=True,
    ),
    find=_find,
    counted_as="threads",
    taken_by=frozenset(
        {"Thread", "Timer", "ThreadPoolExecutor", "ThreadPool", "ConnectionPool"}
    ),
    closers={
        "Timer": "cancel()",
        "ThreadPoolExecutor": "shutdown()",
        "ThreadPool": "stop()",
        "ConnectionPool": "close()",
    },
)
