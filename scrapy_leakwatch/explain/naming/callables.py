"""Finds the Python function behind a callable, a generator or a timer."""

from __future__ import annotations

import math
import time
from types import CodeType, FunctionType
from typing import Any

from scrapy_leakwatch.explain.naming.edges import GENERATORS
from scrapy_leakwatch.foundation import anatomy

_TIMERS = (
    "twisted.internet.base.DelayedCall",
    "asyncio.events.Handle",
    "asyncio.events.TimerHandle",
)
_DEFERRED = "twisted.internet.defer.Deferred"


def function_of(obj: Any) -> FunctionType | None:
    """Return the function behind a callable, a cache's too; ``None``: not Python."""
    return anatomy.function_of(obj, in_caches=True)


def code_of(obj: Any) -> CodeType | None:
    """Return the code that runs when ``obj`` is called; ``None``: not Python."""
    function = function_of(obj)
    return None if function is None else function.__code__


def function_name(obj: Any) -> str:
    """Return the dotted name of the function behind ``obj``, empty if none is."""
    if id(type(obj)) in GENERATORS:
        return str.__str__(obj.__qualname__)
    function = function_of(obj)
    return "" if function is None else str.__str__(function.__qualname__)


def code_of_generator(obj: Any) -> CodeType | None:
    """Return the code of a generator, coroutine or asynchronous generator."""
    fields = GENERATORS.get(id(type(obj)))
    code = getattr(obj, fields[1]) if fields else None
    return code if type(code) is CodeType else None


def waiting_line(obj: Any) -> int | None:
    """Return the line where a suspended function waits, None of one not begun."""
    fields = GENERATORS.get(id(type(obj)))
    frame = getattr(obj, fields[0]) if fields else None
    if frame is None or frame.f_lineno is None:
        return None
    # One that has not begun is where it is defined, or at its first decorator.
    line = int(frame.f_lineno)
    return line if line > frame.f_code.co_firstlineno else None


def is_timer(obj: Any) -> bool:
    """Tell whether ``obj`` is a call that the reactor or loop makes later."""
    return anatomy.inherits(obj, *_TIMERS)


def called_by_timer(obj: Any) -> Any:
    """Return what the timer ``obj`` will call."""
    found = anatomy.attribute(obj, "func")
    return anatomy.attribute(obj, "_callback") if found is None else found


def due_in(timer: Any) -> float:
    """Return in how many seconds ``timer`` fires, infinity where it is not known.

    Twisted counts from 1970 or, on an event loop, as asyncio: by a steady clock.
    """
    numbers = [anatomy.attribute(timer, name) for name in ("time", "delayed_time")]
    if anatomy.attribute(timer, "_when") is not None:
        numbers = [anatomy.attribute(timer, "_when"), 0.0]
    if any(type(number) not in {int, float} for number in numbers):
        return math.inf
    when = sum(numbers)
    now = time.time() if when > _A_DATE else time.monotonic()
    return float(when - now)


_A_DATE = 1e9


def called_with(trail: tuple[Any, ...]) -> Any:
    """Return the callback of a Deferred that gets what ``trail`` ends in.

    A Deferred keeps its callbacks as tuples ``(function, args, kwargs)``.
    """
    for node in trail[:5]:
        if type(node) is tuple and tuple.__len__(node):
            first = tuple.__getitem__(node, 0)
            if function_of(first) is not None:
                return first
    return None


def is_deferred(obj: Any) -> bool:
    """Tell whether ``obj`` is a Deferred of Twisted."""
    return anatomy.inherits(obj, _DEFERRED)
