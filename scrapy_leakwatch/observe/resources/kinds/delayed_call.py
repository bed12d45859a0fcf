"""A call that the reactor will make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.task import LoopingCall

from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import (
    code_of,
    hints_of,
    is_ours,
    name_of,
)
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    reactor = event_loops.installed_reactor()
    for call, function in event_loops.delayed_calls():
        if anatomy.is_a(function, LoopingCall) or is_ours(function):
            continue
        given = tuple(anatomy.attribute(call, name) for name in ("args", "kw"))
        yield waiting(KIND, call, function, given, call.getTime() - reactor.seconds())


def waiting(
    kind: LiveKind, call: Any, function: Any, given: tuple[Any, ...], remaining_s: float
) -> Live:
    """Return a ``call`` of ``function`` with the arguments that are ``given``."""
    what = f"{name_of(function)} in {remaining_s:,.0f} s"
    uses = (function, *(each for each in given if each is not None))
    pool = _library_code(function)
    return Live(kind, call, what, uses, hints_of(function), remaining_s, pool=pool)


def _library_code(function: Any) -> Any:
    """Return the code of a library's own timer, such as the timeout of a download.

    None where the timer only wakes somebody up, who may be of the project.
    """
    code = code_of(function)
    if code is None or places.is_project(code) or code.co_name in _WAKES:
        return None
    return code


_WAKES = frozenset({"callback", "errback", "_set_result_unless_cancelled"})
"""What ends the wait of a Deferred or of `asyncio.sleep`."""


KIND = LiveKind(
    ResourceKind(
        "DelayedCall",
        did="scheduled",
        since="still waits",
        release="{}.cancel()",
        release_unkept=(
            "keep what callLater() returns and cancel() it if it is active()"
        ),
        pins=True,
    ),
    find=_find,
    counted_as="timers",
    taken_by=frozenset({"callLater", "call_later", "deferLater"}),
)
