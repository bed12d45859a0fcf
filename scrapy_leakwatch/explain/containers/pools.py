"""Knows the pools of threads and processes, and what waits in them."""

from __future__ import annotations

import gc
from types import FunctionType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.foundation import anatomy, places

if TYPE_CHECKING:
    from types import CodeType

POOLS = (
    "concurrent.futures._base.Executor",
    "twisted.python.threadpool.ThreadPool",
    "multiprocessing.pool.Pool",
)
SIMPLE_QUEUE = "_queue.SimpleQueue"
WORK = "concurrent.futures.thread._WorkItem"

REMEDY = (
    "the work comes faster than the threads do it: return or await what starts it,"
    " so that Scrapy waits for it, or start less at a time"
)

_OF_DATABASE = "twisted.enterprise.adbapi.ConnectionPool"
_STARTERS_OF_DATABASE = frozenset(
    ["runInteraction", "runQuery", "runOperation", "runWithConnection"]
)
_OF_TWISTED = "twisted.python.threadpool.ThreadPool"
_STARTERS_OF_TWISTED = frozenset(
    [
        "deferToThread",
        "deferToThreadPool",
        "callInThread",
        "callInThreadWithCallback",
        "run_in_thread",
    ]
)
_STARTERS = frozenset(
    ["submit", "map", "run_in_executor", "to_thread", "apply_async", "run_in_thread"]
)

DEEPEST = 4
"""A function in a future in a partial in a context in an item of work."""
_WORK_OF = ("fn", "task", "func", "args")
"""Attributes with the function that is to be called; from Python 3.14 on in a task."""
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


def starters(way: tuple[Any, ...]) -> frozenset[str]:
    """Return the names of what hands a function to the pool on ``way``."""
    if is_of_database(way):
        return _STARTERS_OF_DATABASE
    of_twisted = any(anatomy.inherits(node, _OF_TWISTED) for node in way)
    return _STARTERS_OF_TWISTED if of_twisted else _STARTERS


def is_of_database(way: tuple[Any, ...]) -> bool:
    """Tell whether the work waits for a connection to a database."""
    return any(anatomy.inherits(node, _OF_DATABASE) for node in way)


def _entries(way: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    holder = way[-1]
    if anatomy.inherits(holder, SIMPLE_QUEUE):  # a list of its own before Python 3.13
        held = [part for part in gc.get_referents(holder) if part is not type(holder)]
        if len(held) != 1 or type(held[0]) is not list:
            return [(part,) for part in held[:EXAMINED]]
        holder = held[0]
    return contents.pick(holder) if anatomy.size(holder) else []


def _function_in(obj: Any, depth: int = 0) -> CodeType | None:
    code = callables.code_of(obj)
    if code is not None and places.is_project(code):
        return code
    if depth >= DEEPEST:
        return None
    if type(obj) is tuple or type(obj) is list:
        parts = list(obj)
    else:
        # A future, among the others, has what is called when the work is done.
        parts = [anatomy.attribute(obj, name) for name in _WORK_OF]
        parts += [value for _, value in anatomy.attributes(obj)]
        parts += _enclosed(obj)
    found = (_function_in(part, depth + 1) for part in parts[:MOST_PARTS])
    return next((code for code in found if code is not None), None)


def _enclosed(obj: Any) -> list[Any]:
    """Return the variables of its surroundings that a function uses."""
    if type(obj) is not FunctionType:
        return []
    cells = obj.__closure__ or ()
    return [part for cell in cells for part in gc.get_referents(cell)]
