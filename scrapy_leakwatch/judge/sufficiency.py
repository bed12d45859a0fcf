"""Whether a crawl was watched long enough for the rules to have had a chance.

Nothing found means nothing where nothing could be: whoever says that a crawl is
healthy, or that a leak is gone, asks here first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Extent, Looks, TooLittle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy_leakwatch.records import Crawl, Told

USUAL = {"MIN_SAMPLES": 4, "MIN_OBJECTS": 100}
"""Where the recording does not say."""


def too_little(crawl: Crawl) -> TooLittle | None:
    """Return why the rules could not judge a crawl; None: they could."""
    config = crawl.run.config
    needed = _count(config, "MIN_SAMPLES") + thresholds.WARM_UP
    if crawl.looks is not None:  # of a crawl that still runs only to the last error
        due = max(crawl.looks.due, crawl.samples)
        if blind := unwatched(replace(crawl.looks, due=due), needed):
            return blind
    interval = _interval(config)
    if crawl.samples < needed:
        return TooLittle("samples", crawl.samples, needed, thresholds.WARM_UP, interval)
    received, least = received_since_warm_up(crawl), least_objects(crawl)
    if received is not None and received < least:
        return TooLittle("responses", received, least, interval=interval)
    return None


def unwatched(looks: Looks, needed: int) -> TooLittle | None:
    """Return that too many looks failed, if so; the rules need so many samples."""
    seen = looks.due - looks.failed
    too_many = looks.failed >= max(thresholds.FAILED_SHARE * looks.due, 1)
    if too_many or seen < needed <= looks.due:
        return TooLittle("looks", seen, looks.due, subject=looks.reason)
    return None


def extent(crawl: Crawl) -> Extent:
    """Return how much was seen of a crawl."""
    received = received_since_warm_up(crawl)
    return Extent(crawl.complete, received, least_objects(crawl))


def could_not_show(seen: Extent, told: Told) -> TooLittle | None:
    """Return why a crawl without it does not prove that a verdict is gone.

    At its former rate too few would be held in so short a crawl to be accused; what
    is not given back is told when a crawl closes.
    """
    verdict = told.verdict
    if verdict.kind == "unreleased":
        return None if seen.complete else TooLittle("end")
    rate, received = verdict.growth.per_1000_responses, seen.received
    if verdict.kind == "native" or rate <= 0 or received is None:
        return None
    if rate * received / 1000 >= seen.least:
        return None
    return TooLittle("growth", received, seen.least, subject=verdict.subject, rate=rate)


def received_since_warm_up(crawl: Crawl) -> int | None:
    """Return the responses that the rules saw come, None where it is not known.

    Of a thinned timeline the first two points are of more than one sample.
    """
    timeline = crawl.timeline
    skip = 1 if crawl.samples <= len(timeline.times) else 0
    received = [each for each in timeline.received[skip:] if each is not None]
    return int(received[-1] - received[0]) if received else None


def least_objects(crawl: Crawl) -> int:
    """Return of how many held objects on somebody is accused."""
    return _count(crawl.run.config, "MIN_OBJECTS")


def _count(config: Mapping[str, object], name: str) -> int:
    value = config.get(f"LEAKWATCH_{name}")
    return value if isinstance(value, int) else USUAL[name]


def _interval(config: Mapping[str, object]) -> float | None:
    interval = config.get("LEAKWATCH_INTERVAL")
    return interval if isinstance(interval, (int, float)) else None
