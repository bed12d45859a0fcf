"""The crawls beside this one, and those that ended and stayed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.utils import trackref

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots import components, engine
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = (components.roots, engine.parts, engine.seams)
"""All by which a crawl is entered, or what a task or a timer of it holds would be
nobody's."""


def roots(crawler: Any, outside: Outside) -> Iterator[Root]:
    """Yield the crawls beside this one, and those that ended and stayed."""
    own = anatomy.attribute(crawler, "spider")
    own_classes = anatomy.mro(type(own))
    spiders = [
        each
        for cls, table in list(trackref.live_refs.items())
        if any(base is Spider for base in anatomy.mro(cls))
        for each in list(table)
        if each is not own
    ]
    for each in spiders:
        label = redact.text(anatomy.name(type(each)), 60)
        other = anatomy.attribute(each, "crawler")
        starts = [Start(each, label, "spider", owner="spider")]
        if type(each) not in own_classes:
            starts.append(Start(type(each), f"class {label}"))
        starts += [
            replace(start, label=f"{start.label} of {label}", passing=False)
            for part in _PARTS
            for root in part(other, outside)
            for start in root.starts
        ]
        yield Root(f"another crawl's {label}", "crawl", starts=starts, passing=True)
