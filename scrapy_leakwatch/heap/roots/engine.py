"""What passes requests and responses on, and what ties a crawl together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start, passing_start
from scrapy_leakwatch.internals import components

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEDULER = "crawler.engine.scheduler"


def parts(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what passes requests and responses on."""
    scheduler = components.part(crawler, "engine", "slot", "scheduler")
    if scheduler is not None:
        cls = type(scheduler)
        origin = places.origin_of_class(cls)
        queues = {"mqs": "scheduler memory queue", "dqs": "scheduler disk queue"}
        for attribute, name in queues.items():
            queue = anatomy.attribute(scheduler, attribute)
            if queue is not None:
                start = Start(queue, name, f"{_SCHEDULER}.{attribute}", passing=True)
                yield Root(name, "scheduler", origin, [start], passing=True)
        label = redact.text(anatomy.name(cls), 60)
        start = Start(scheduler, label, _SCHEDULER, passing=True)
        yield Root("scheduler", "scheduler", origin, [start], passing=True)
    stats = components.part(crawler, "stats")
    if stats is not None:
        origin = places.origin_of_class(type(stats))
        label = redact.text(anatomy.name(type(stats)), 60)
        yield Root("stats collector", "stats", origin, [Start(stats, label)])
    downloader = components.part(crawler, "engine", "downloader")
    if downloader is not None:
        handlers = components.part(downloader, "handlers")
        both = [
            passing_start(downloader, "downloader", "crawler.engine.downloader"),
            passing_start(
                handlers, "download handlers", "crawler.engine.downloader.handlers"
            ),
        ]
        yield Root("downloader", "downloader", starts=both, passing=True)
    scraper = components.part(crawler, "engine", "scraper")
    if scraper is not None:
        slot = components.part(scraper, "slot")
        both = [
            passing_start(scraper, "scraper", "crawler.engine.scraper"),
            passing_start(slot, "scraper slot", "crawler.engine.scraper.slot"),
        ]
        yield Root("scraper", "scraper", starts=both, passing=True)


def seams(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what ties a crawl together: all would be reached through these."""
    starts = [
        passing_start(components.part(crawler, "engine"), "engine", "crawler.engine"),
        passing_start(
            components.part(crawler, "engine", "slot"),
            "engine slot",
            "crawler.engine.slot",
        ),
    ]
    named = {
        "crawler": (),
        "settings": ("settings",),
        "signals": ("signals",),
        "item pipelines": ("engine", "scraper", "itemproc"),
        "spider middlewares": ("engine", "scraper", "spidermw"),
        "downloader middlewares": ("engine", "downloader", "middleware"),
        "extensions": ("extensions",),
    }
    for name, path in named.items():
        written = ".".join(("crawler", *path))
        part = components.part(crawler, *path)
        starts.append(Start(part, name, written, owner="crawler"))
    own = components.part(crawler, "spider", "settings")
    starts.append(Start(own, "settings", "spider.settings", owner="spider"))
    yield Root("engine", "engine", starts=starts, passing=True)
