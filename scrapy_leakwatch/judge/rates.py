"""How much stays of the responses of a crawl, to compare it with an earlier one."""

from __future__ import annotations

from statistics import median_high
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.records import Crawl, Series, Timeline

PARTS = 3
"""Of a crawl: the floor of the last is compared with that of the first."""


def rates(crawl: Crawl) -> Rates | None:
    """Return what stayed per 1,000 responses, None where too little was seen.

    What is in flight rises and falls, so it is the least of each part that counts, and
    requests that wait are not meant.
    """
    timeline = crawl.timeline
    skip = thresholds.WARM_UP if crawl.samples <= len(timeline.times) else 0
    received = timeline.received[skip:]
    part = len(received) // PARTS
    if not part:
        return None
    first, last = slice(0, part), slice(len(received) - part, None)
    counted = _middle(received[last]) - _middle(received[first])
    if counted <= 0:
        return None
    objects = [
        sum(number or 0.0 for number in alive) - queued
        for alive, queued in zip(
            zip(*timeline.live.values(), strict=True), _owned(timeline), strict=True
        )
    ][skip:]
    memory = [number or 0.0 for number in timeline.memory.get("rss", ())][skip:]
    return Rates(
        responses=round(counted),
        objects=_grown(objects, first, last) / counted * 1000,
        bytes=_grown(memory, first, last) / counted * 1000,
    )


def increased(before: Rates, after: Rates, least_objects: int) -> Rates | None:
    """Return by how much more stays than before, None where it is no more.

    A little more is noise, and so is what makes fewer than ``least_objects`` and less
    than `thresholds.PATH_LEAST` bytes in a crawl as long as the later one.
    """
    objects = _more(before.objects, after.objects, least_objects, after.responses)
    weight = _more(before.bytes, after.bytes, thresholds.PATH_LEAST, after.responses)
    if not objects and not weight:
        return None
    return Rates(after.responses, objects, weight)


def _more(before: float, after: float, least: float, responses: int) -> float:
    more = after - before
    noticeable = more * responses / 1000 >= least
    return (
        more
        if noticeable and after > before * (1 + thresholds.RATE_NOTICEABLE)
        else 0.0
    )


def _grown(values: Sequence[float], first: slice, last: slice) -> float:
    if not values:
        return 0.0
    return max(min(values[last]) - min(values[first]), 0.0)


def _owned(timeline: Timeline) -> list[float]:
    """Return how many requests the engine has to do with, as those that wait."""
    none: Series = (None,) * len(timeline.times)
    alive = timeline.requests.get("live", none)
    unaccounted = timeline.requests.get("unaccounted", none)
    return [
        (every or 0.0) - (lost or 0.0)
        for every, lost in zip(alive, unaccounted, strict=True)
    ]


def _middle(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return median_high(known) if known else 0.0
