"""A looping call of Twisted or of Scrapy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.task import LoopingCall

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import (
    hints_of,
    is_framework,
    is_ours,
    locals_of,
    name_of,
)
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_NUMBERS = anatomy.identities(int, float)
_SCRAPYS = "scrapy.utils.asyncio.AsyncioLoopingCall"


def _find(reach: Reach) -> Iterator[Live]:
    for call in _calls(reach):
        function = anatomy.attribute(call, "f")
        if function is None:
            function = anatomy.attribute(call, "_func")
        if function is not None and not is_ours(function):
            yield _live(call, function)


def _calls(reach: Reach) -> Iterator[Any]:
    for _, function in event_loops.delayed_calls():
        if anatomy.is_a(function, LoopingCall):
            yield function
    for _, coroutine in event_loops.tasks():
        if is_framework(coroutine.cr_code):
            for value in locals_of(coroutine):
                if anatomy.inherits(value, _SCRAPYS):
                    yield value
    for thing in reach.things():
        if anatomy.is_a(thing, LoopingCall) and anatomy.attribute(thing, "running"):
            yield thing


def _live(call: Any, function: Any) -> Live:
    interval = anatomy.attribute(call, "interval")
    every = f" every {interval:g} s" if anatomy.is_exactly(interval, _NUMBERS) else ""
    uses = (function, *(anatomy.attribute(call, name) for name in ("a", "_args", "kw")))
    return Live(KIND, call, f"{name_of(function)}{every}", uses, hints_of(function))


KIND = LiveKind(
    ResourceKind(
        "LoopingCall",
        did="started",
        since="still runs",
        release="{}.stop()",
        release_unkept="keep it in an attribute and call its stop()",
        pins=True,
    ),
    find=_find,
    taken_by=frozenset({"LoopingCall", "AsyncioLoopingCall", "create_looping_call"}),
)
