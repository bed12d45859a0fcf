"""Knows the pools of threads and processes, and what waits in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, places
from scrapy_leakwatch.explain import callables, contents

if TYPE_CHECKING:
    from types import CodeType

POOLS = (
    "concurrent.futures._base.Executor",
    "twisted.python.threadpool.ThreadPool",
    "multiprocessing.pool.Pool",
)
WORK = "concurrent.futures.thread._WorkItem"

REMEDY = (
    "the work comes faster than the threads do it: return or await what starts it,"
    " so that Scrapy waits for it, or start less at a time"
)

STARTERS = frozenset(
    [
        "submit",
        "map",
        "run_in_executor",
        "run_in_thread",
        "to_thread",
        "apply_async",
        "deferToThread",
        "deferToThreadPool",
        "callInThread",
        "callInThreadWithCallback",
    ]
)
"""What hands a function to a thread or process."""

DEEPEST = 4
"""A function in a future in a partial in a context in an item of work."""
MOST_PARTS = 16
EXAMINED = 4


def is_in_pool(way: tuple[Any, ...]) -> bool:
    """Tell whether what is at the end of ``way`` waits for a thread or a process."""
    return any(anatomy.inherits(node, *POOLS, WORK) for node in way) or bool(
        _entries(way) and anatomy.inherits(_entries(way)[0][0], WORK)
    )


def work_in(way: tuple[Any, ...]) -> CodeType | None:
    """Return the project's function that waits to be called, None if none is seen."""
    if not is_in_pool(way):
        return None
    found = (_function_in(part) for entry in _entries(way)[:EXAMINED] for part in entry)
    return next((code for code in found if code is not None), None)


def _entries(way: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return contents.pick(way[-1]) if anatomy.size(way[-1]) else []


def _function_in(obj: Any, depth: int = 0) -> CodeType | None:
    code = callables.code_of(obj)
    if code is not None and places.is_project(code):
        return code
    if depth >= DEEPEST:
        return None
    if type(obj) is tuple or type(obj) is list:
        parts = list(obj)
    else:
        parts = [value for _, value in anatomy.attributes(obj)]
        parts += [anatomy.attribute(obj, name) for name in ("func", "args")]
    found = (_function_in(part, depth + 1) for part in parts[:MOST_PARTS])
    return next((code for code in found if code is not None), None)
