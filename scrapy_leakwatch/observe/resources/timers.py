"""What will run later: looping and delayed calls, asyncio's tasks and timers."""

from __future__ import annotations

import asyncio
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from twisted.internet.task import LoopingCall

from scrapy_leakwatch import anatomy
from scrapy_leakwatch.observe.resources.found import (
    Found,
    event_loop,
    installed_reactor,
)
from scrapy_leakwatch.observe.resources.naming import (
    hints_of,
    is_framework,
    is_ours,
    locals_of,
    name_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_NUMBERS = anatomy.identities(int, float)
_ASYNCIO_LOOPING_CALL = "scrapy.utils.asyncio.AsyncioLoopingCall"


def found(reach: Reach | None) -> Iterator[Found]:
    """Yield what the reactor and the event loop will call."""
    loop = event_loop()
    yield from _delayed_calls()
    if loop is not None:
        yield from _tasks(loop)
        yield from _timers(loop)
    for thing in reach.things() if reach else ():
        if anatomy.is_a(thing, LoopingCall) and anatomy.attribute(thing, "running"):
            yield from _looping_call(thing)


def _delayed_calls() -> Iterator[Found]:
    reactor = installed_reactor()
    for call in reactor.getDelayedCalls() if reactor is not None else ():
        function = anatomy.attribute(call, "func")
        if anatomy.is_a(function, LoopingCall):
            yield from _looping_call(function)
        elif function is not None and not is_ours(function):
            yield _later("DelayedCall", call, function, call.getTime() - _now(reactor))


def _now(reactor: Any) -> float:
    seconds: float = reactor.seconds()
    return seconds


def _later(
    kind: Any, call: Any, function: Any, remaining_s: float, args: Any = None
) -> Found:
    given = (
        args,
        anatomy.attribute(call, "args"),
        anatomy.attribute(call, "kw"),
    )
    return Found(
        kind,
        call,
        f"{name_of(function)} in {remaining_s:,.0f} s",
        (function, *(each for each in given if each)),
        hints_of(function),
        remaining_s,
    )


def _looping_call(call: Any) -> Iterator[Found]:
    """Yield a looping call of Twisted or of Scrapy."""
    function = anatomy.attribute(call, "f")
    if function is None:
        function = anatomy.attribute(call, "_func")
    if function is None or is_ours(function):
        return
    interval = anatomy.attribute(call, "interval")
    every = f" every {interval:g} s" if anatomy.is_exactly(interval, _NUMBERS) else ""
    uses = (function, *(anatomy.attribute(call, name) for name in ("a", "_args", "kw")))
    what = f"{name_of(function)}{every}"
    yield Found("LoopingCall", call, what, uses, hints_of(function))


def _tasks(loop: Any) -> Iterator[Found]:
    for task in asyncio.all_tasks(loop):
        coroutine = asyncio.Task.get_coro(task)
        if type(coroutine) is not CoroutineType or is_ours(coroutine):
            continue
        if is_framework(coroutine.cr_code):
            for value in locals_of(coroutine):
                if anatomy.inherits(value, _ASYNCIO_LOOPING_CALL):
                    yield from _looping_call(value)
            yield Found("asyncio task", task, name_of(coroutine))
        else:
            uses = (coroutine, *locals_of(coroutine))
            name = name_of(coroutine)
            yield Found("asyncio task", task, name, uses, hints_of(coroutine))


def _timers(loop: Any) -> Iterator[Found]:
    scheduled = anatomy.attribute(loop, "_scheduled")
    for handle in list(scheduled) if type(scheduled) is list else ():
        function = anatomy.attribute(handle, "_callback")
        if function is None or is_ours(function):
            continue
        args = anatomy.attribute(handle, "_args")
        remaining_s = handle.when() - loop.time()
        yield _later("asyncio timer", handle, function, remaining_s, args)
