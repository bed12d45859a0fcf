"""The spider that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start, class_text

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield the spider of the crawl."""
    spider = anatomy.attribute(crawler, "spider")
    if spider is not None:
        name = redact.text(anatomy.text_attribute(spider, "name"), 60)
        cls = type(spider)
        if not name:
            name = class_text(cls, "name") or anatomy.name(cls)
        origin = places.origin_of_class(cls)
        start = Start(spider, "spider", owner="spider")
        yield Root(f"spider {name}", "spider", origin, [start])
