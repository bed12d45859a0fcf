"""Finds the crawls that run in a process, where nobody has them at hand."""

from __future__ import annotations

from itertools import islice
from operator import itemgetter
from typing import Any

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.utils import trackref

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals.versions import engine_of, engine_slot

MOST_SPIDERS = 1000
"""Of one class: a process that keeps its ended spiders may have ever more."""


def spiders(most: int | None = None) -> list[Spider]:
    """Return the live spiders, up to ``most`` of a class, in the order of their birth.

    `trackref` counts spiders as it does requests.
    """
    born: list[tuple[float, Any]] = [
        (at, spider)
        for cls, live in list(trackref.live_refs.items())
        if anatomy.derives(cls, Spider)
        for spider, at in list(islice(live.items(), most))
    ]
    return [spider for _, spider in sorted(born, key=itemgetter(0))]


def open_crawlers() -> list[Crawler]:
    """Return the crawlers whose spider is open, in the order of their spiders."""
    live = spiders(MOST_SPIDERS)
    found = [(spider, anatomy.attribute(spider, "crawler")) for spider in live]
    return [
        crawler
        for spider, crawler in found
        if anatomy.is_a(crawler, Crawler)
        and crawler.spider is spider
        and is_open(crawler)
    ]


def spiders_beside(crawler: Crawler | None) -> list[Spider]:
    """Return the spiders of the other crawls that run in this process."""
    others = (each.spider for each in open_crawlers() if each is not crawler)
    return [spider for spider in others if spider is not None]


def is_open(crawler: Crawler) -> bool:
    """Tell whether the spider of a crawler crawls now."""
    engine = engine_of(crawler)
    return engine is not None and engine_slot(engine) is not None
