"""What passes requests and responses on, and what ties a crawl together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start, passing_start
from scrapy_leakwatch.internals import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEDULER = "crawler.engine.scheduler"
_QUEUES = (
    (paths.MEMORY_QUEUE, "scheduler memory queue"),
    (paths.DISK_QUEUE, "scheduler disk queue"),
)
_SEAMS = {
    "crawler": (),
    "settings": paths.SETTINGS,
    "signals": paths.SIGNALS,
    "item pipelines": paths.ITEM_PIPELINES,
    "spider middlewares": paths.SPIDER_MIDDLEWARES,
    "downloader middlewares": paths.DOWNLOADER_MIDDLEWARES,
    "extensions": paths.EXTENSIONS,
}


def parts(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what passes requests and responses on."""
    yield from _scheduler(crawler)
    stats = paths.follow(crawler, paths.STATS)
    if stats is not None:
        origin = places.origin_of_class(type(stats))
        label = redact.text(anatomy.name(type(stats)), 60)
        yield Root("stats collector", "stats", origin, [Start(stats, label)])
    downloader = [
        _passing(crawler, paths.DOWNLOADER, "downloader"),
        _passing(crawler, paths.DOWNLOAD_HANDLERS, "download handlers"),
    ]
    yield Root("downloader", "downloader", starts=downloader, passing=True)
    scraper = [
        _passing(crawler, paths.SCRAPER, "scraper"),
        _passing(crawler, paths.SCRAPER_SLOT, "scraper slot"),
    ]
    yield Root("scraper", "scraper", starts=scraper, passing=True)


def _scheduler(crawler: Any) -> Iterator[Root]:
    scheduler = paths.follow(crawler, paths.SCHEDULER)
    if scheduler is None:
        return
    cls = type(scheduler)
    origin = places.origin_of_class(cls)
    for path, name in _QUEUES:
        queue = paths.follow(crawler, path)
        if queue is not None:
            start = Start(queue, name, f"{_SCHEDULER}.{path[-1]}", passing=True)
            yield Root(name, "scheduler", origin, [start], passing=True)
    label = redact.text(anatomy.name(cls), 60)
    start = Start(scheduler, label, _SCHEDULER, passing=True)
    yield Root("scheduler", "scheduler", origin, [start], passing=True)


def _passing(crawler: Any, path: paths.Path, name: str) -> Start:
    return passing_start(paths.follow(crawler, path), name, paths.written(path))


def seams(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what ties a crawl together: all would be reached through these."""
    starts = [
        _passing(crawler, paths.ENGINE, "engine"),
        _passing(crawler, paths.ENGINE_SLOT, "engine slot"),
    ]
    for name, path in _SEAMS.items():
        part = paths.follow(crawler, path)
        starts.append(Start(part, name, paths.written(path), owner="crawler"))
    own = paths.follow(crawler, paths.SPIDER_SETTINGS)
    starts.append(Start(own, "settings", "spider.settings", owner="spider"))
    yield Root("engine", "engine", starts=starts, passing=True)
