"""Finds the components of a crawl by the names that a person has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import ComponentKind

_MANAGERS: tuple[tuple[ComponentKind, tuple[str, ...]], ...] = (
    ("item pipeline", ("engine", "scraper", "itemproc")),
    ("spider middleware", ("engine", "scraper", "spidermw")),
    ("downloader middleware", ("engine", "downloader", "middleware")),
    ("extension", ("extensions",)),
)
_DUPLICATE_FILTER = ("engine", "slot", "scheduler", "df")


def part(obj: Any, *names: str) -> Any:
    """Follow ``names`` from ``obj``; newer Scrapys keep some as ``_name``."""
    for name in names:
        found = anatomy.attribute(obj, name)
        obj = anatomy.attribute(obj, f"_{name}") if found is None else found
    return obj


def managed(crawler: Any) -> Iterator[tuple[ComponentKind, Any]]:
    """Yield what the managers of a crawl keep, each with its kind."""
    for kind, path in _MANAGERS:
        components = anatomy.attribute(part(crawler, *path), "middlewares")
        if type(components) is tuple or type(components) is list:
            for component in components:
                yield kind, component


def duplicate_filter(crawler: Any) -> Any:
    """Return the scheduler's duplicate filter, None where it has none."""
    return part(crawler, *_DUPLICATE_FILTER)
