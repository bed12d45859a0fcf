"""Who takes from a queue, and whether he still does."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
from itertools import islice
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ATTRIBUTES = 200
MOST_IN_ONE = 16
"""Workers in one list that are looked at."""
_FUNCTION = re.compile(r"\((\w+)\)$")
_LOOPING = (
    "twisted.internet.task.LoopingCall",
    "scrapy.utils.asyncio.AsyncioLoopingCall",
)


def ended(
    owner: Any, functions: frozenset[str], *, in_thread: bool, closing: bool
) -> str:
    """Return what has ended that ran one of ``functions``, empty if one goes on.

    It is an attribute of ``owner``, in words such as ``the task store() has ended``.
    ``in_thread``: some thread runs one of them, and it may be one without a name.
    ``closing``: what has ended now may have been told to, but not by an error.
    """
    ends = [
        _end_of(worker, closing=closing)
        for worker in _workers(owner)
        if functions & (runs := _names(worker)) or (in_thread and not runs)
    ]
    return "" if None in ends else next(filter(None, ends), "")


def _workers(owner: Any) -> Iterator[Any]:
    for _, value in islice(anatomy.attributes(owner), MOST_ATTRIBUTES):
        if _is_worker(value):
            yield value
        else:
            inside = (entry[-1] for entry in contents.pick(value, MOST_IN_ONE))
            yield from filter(_is_worker, inside)


def _is_worker(obj: Any) -> bool:
    return anatomy.is_a(obj, asyncio.Task, threading.Thread) or _is_looping(obj)


def _is_looping(obj: Any) -> bool:
    return anatomy.inherits(obj, *_LOOPING)


def _names(worker: Any) -> frozenset[str]:
    """Return the names of the function that runs, and of all that it uses."""
    if anatomy.is_a(worker, asyncio.Task):
        code = callables.code_of_generator(asyncio.Task.get_coro(worker))
    elif _is_looping(worker):
        found = anatomy.attribute(worker, "f")
        if found is None:
            found = anatomy.attribute(worker, "_func")
        code = callables.code_of(found)
    else:
        code = callables.code_of(anatomy.attribute(worker, "_target"))
        if code is None:  # it has ended, and may be called ``Thread-1 (store)``
            name = anatomy.text_attribute(worker, "_name")
            return frozenset(_FUNCTION.findall(name))
    return frozenset() if code is None else frozenset([code.co_name, *code.co_names])


def _end_of(worker: Any, *, closing: bool) -> str | None:
    """Return how a worker has ended, in words; None where it goes on, or may have."""
    if anatomy.is_a(worker, asyncio.Task):
        return _end_of_task(worker, closing=closing)
    if closing:
        return None
    if _is_looping(worker):
        stopped = anatomy.attribute(worker, "running") is False
        return "the looping call has stopped" if stopped else None
    # A thread that has ended lets go of its function; in a forked child all have ended.
    own = anatomy.own_dict(worker) or {}
    if type(worker) is not threading.Thread or "_target" in own:
        return None
    name = redact.text(anatomy.text_attribute(worker, "_name"), 60)
    return f"the thread {name} has ended"


def _end_of_task(task: Any, *, closing: bool) -> str | None:
    if not asyncio.Task.done(task) or asyncio.Task.cancelled(task):
        return None
    # To ask for its error would be to say that it was handled.
    errors = [each for each in gc.get_referents(task) if _is_error(each)]
    if closing and not errors:
        return None
    coroutine = asyncio.Task.get_coro(task)
    name = redact.text(callables.function_name(coroutine), 60).rpartition(".")[2]
    by = f" by {redact.text(anatomy.name(type(errors[0])), 60)}" if errors else ""
    return f"the task {name}() has ended{by}"


def _is_error(obj: Any) -> bool:
    return anatomy.is_a(obj, BaseException)
