"""Pipelines, middlewares, extensions, download handlers, the duplicate filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start
from scrapy_leakwatch.internals import components

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield each component, the first time that it is met."""
    seen: set[int] = set()
    for kind, component in _all_components(crawler):
        if component is None or id(component) in seen:
            continue
        seen.add(id(component))
        cls = type(component)
        name = redact.text(anatomy.name(cls), 60)
        origin = places.origin_of_class(cls)
        yield Root(f"{kind} {name}", "component", origin, [Start(component, name)])


def _all_components(crawler: Any) -> Iterator[tuple[str, Any]]:
    yield from components.managed(crawler)
    yield "duplicate filter", components.duplicate_filter(crawler)
    for handler in components.download_handlers(crawler):
        yield "download handler", handler
