"""The crawls beside this one, and those that ended and stayed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots import components, engine
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start
from scrapy_leakwatch.internals.crawlers import spiders

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = (components.roots, engine.parts, engine.seams)
"""All by which a crawl is entered, or what a task or a timer of it holds would be
nobody's."""


def roots(crawler: Any, outside: Outside) -> Iterator[Root]:
    """Yield the crawls beside this one, and those that ended and stayed."""
    own = anatomy.attribute(crawler, "spider")
    for each in spiders():
        if each is own:
            continue
        label = redact.text(anatomy.name(type(each)), 60)
        other = anatomy.attribute(each, "crawler")
        starts = [Start(each, label, "spider", owner="spider")]
        if not anatomy.is_a(own, type(each)):
            starts.append(Start(type(each), f"class {label}"))
        starts += [
            replace(start, label=f"{start.label} of {label}", passing=False)
            for part in _PARTS
            for root in part(other, outside)
            for start in root.starts
        ]
        yield Root(f"another crawl's {label}", "crawl", starts=starts, passing=True)
