"""The crawls beside this one, and those that ended and stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.utils import trackref

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start
from scrapy_leakwatch.internals import paths

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield the crawls beside this one, and those that ended and stayed."""
    own = anatomy.attribute(crawler, "spider")
    spiders = [
        spider
        for cls, table in list(trackref.live_refs.items())
        if any(base is Spider for base in anatomy.mro(cls))
        for spider in list(table)
        if spider is not own
    ]
    for spider in spiders:
        label = redact.text(anatomy.name(type(spider)), 60)
        other = anatomy.attribute(spider, "crawler")
        parts = [
            Start(spider, label, "spider", owner="spider"),
            Start(other, f"crawler of {label}", "crawler", owner="crawler"),
            Start(
                paths.follow(other, paths.ENGINE),
                f"engine of {label}",
                "crawler.engine",
                owner="engine",
            ),
        ]
        yield Root(f"another crawl's {label}", "crawl", starts=parts, passing=True)
