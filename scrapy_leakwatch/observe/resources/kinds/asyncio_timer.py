"""A call that asyncio's loop will make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.delayed_call import waiting
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import is_ours
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    loop = event_loops.event_loop()
    scheduled = anatomy.attribute(loop, "_scheduled")
    for handle in list(scheduled) if type(scheduled) is list else ():
        function = anatomy.attribute(handle, "_callback")
        if function is not None and not is_ours(function):
            given = (anatomy.attribute(handle, "_args"),)
            yield waiting(KIND, handle, function, given, handle.when() - loop.time())


KIND = LiveKind(
    ResourceKind(
        "asyncio timer",
        did="scheduled",
        since="still waits",
        release="{}.cancel()",
        release_unkept="keep what call_later() returns and cancel() it",
        pins=True,
    ),
    find=_find,
    counted_as="timers",
    taken_by=frozenset({"call_later", "call_at"}),
)
