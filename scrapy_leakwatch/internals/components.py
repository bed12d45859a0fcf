"""Finds the components of a crawl by the names that a person has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import ComponentKind

_MANAGERS: tuple[tuple[ComponentKind, paths.Path], ...] = (
    ("item pipeline", paths.ITEM_PIPELINES),
    ("spider middleware", paths.SPIDER_MIDDLEWARES),
    ("downloader middleware", paths.DOWNLOADER_MIDDLEWARES),
    ("extension", paths.EXTENSIONS),
)


def managed(crawler: Any) -> Iterator[tuple[ComponentKind, Any]]:
    """Yield what the managers of a crawl keep, each with its kind."""
    for kind, path in _MANAGERS:
        manager = paths.follow(crawler, path)
        components = anatomy.attribute(manager, paths.COMPONENTS)
        if type(components) is tuple or type(components) is list:
            for component in components:
                yield kind, component


def download_handlers(crawler: Any) -> Iterator[Any]:
    """Yield the download handlers that were used."""
    handlers = paths.follow(crawler, paths.OPEN_HANDLERS)
    if type(handlers) is dict:
        yield from list(dict.values(handlers))


def duplicate_filter(crawler: Any) -> Any:
    """Return the scheduler's duplicate filter, None where it has none."""
    return paths.follow(crawler, paths.DUPLICATE_FILTER)
