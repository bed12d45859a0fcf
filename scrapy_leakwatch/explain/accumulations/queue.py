"""A queue between a producer and a consumer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place

_QUEUES = (
    "asyncio.queues.Queue",
    "queue.Queue",
    "queue.SimpleQueue",
    "_queue.SimpleQueue",
    "twisted.internet.defer.DeferredQueue",
)


def _is_one(place: Place) -> bool:
    return any(anatomy.inherits(node, *_QUEUES) for node in place.way)


KIND = AccumulationKind(
    _is_one,
    says(
        "the consumer is slower than the crawl: give the queue a bound"
        " (maxsize=1_000) and await put(), or let more consumers take from it"
    ),
)
