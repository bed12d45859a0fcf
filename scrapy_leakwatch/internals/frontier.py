"""Who made the requests that wait in a scheduler, and what their sites allow."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from scrapy import squeues

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals import components, paths

if TYPE_CHECKING:
    from collections.abc import Iterator

SITEMAP = "scrapy.spiders.sitemap.SitemapSpider"
CSV_FEED = "scrapy.spiders.feed.CSVFeedSpider"
XML_FEED = "scrapy.spiders.feed.XMLFeedSpider"
CRAWL = "scrapy.spiders.crawl.CrawlSpider"
OF_SITEMAPS = "_parse_sitemap"
"""The name of what a `SitemapSpider` calls with a sitemap."""

TAKES_TURNS = "scrapy.pqueues.DownloaderAwarePriorityQueue"
"""The priority queue that has each site take its turn."""
_IN_ORDER = "scrapy.pqueues.ScrapyPriorityQueue"

_NUMBERS = ("concurrency", "delay", "lastseen")
_STARTS = "scrapy.spidermiddlewares.start.StartSpiderMiddleware"
_THROTTLE = "scrapy.extensions.throttle.AutoThrottle"
_DEPTHS = "scrapy.spidermiddlewares.depth.DepthMiddleware"


class Site(NamedTuple):
    """What the downloader does for one site; ``delay`` is in seconds.

    ``seen`` is when the last request for it began, in seconds of the same clock.
    """

    name: str
    active: int
    concurrency: int
    delay: float
    seen: float


class Depths(NamedTuple):
    """The settings of Scrapy's middleware for the depth of requests."""

    limit: int
    priority: int


def meta_of(request: Any, key: str) -> Any:
    """Return a value of a request's ``meta``, None where it has none."""
    meta = anatomy.attribute(request, "_meta")
    return dict.get(meta, key) if anatomy.is_a(meta, dict) else None


def is_start(request: Any) -> bool:
    """Tell whether the spider began with it, where that is marked (`marks_start`)."""
    return meta_of(request, "is_start_request") is True


def depth_of(request: Any) -> int | None:
    """Return how many pages lead to a request, None where none does."""
    depth = meta_of(request, "depth")
    return depth if type(depth) is int else None


def site_of(request: Any) -> str:
    """Return the name that the downloader has for the site of a request."""
    slot = meta_of(request, "download_slot")
    if type(slot) is str:
        return slot
    try:
        return urlsplit(anatomy.text_attribute(request, "_url")).hostname or ""
    except ValueError:
        return ""


def sites(crawler: Any) -> Iterator[Site]:
    """Yield the sites that the downloader has had requests for in the last minute."""
    slots = paths.follow(crawler, paths.DOWNLOAD_SLOTS)
    for name, slot in list(dict.items(slots)) if type(slots) is dict else ():
        active = anatomy.size(anatomy.attribute(slot, "active"))
        numbers = [anatomy.attribute(slot, each) for each in _NUMBERS]
        if type(name) is str and all(type(each) in {int, float} for each in numbers):
            yield Site(name, active, *numbers)


def at_once(crawler: Any) -> int:
    """Return CONCURRENT_REQUESTS, 0 where it is not known or without a limit."""
    most = paths.follow(crawler, paths.MOST_DOWNLOADS)
    return most if type(most) is int else 0


def takes_in_order(crawler: Any) -> bool:
    """Tell whether the scheduler has one queue for all sites."""
    queue = paths.follow(crawler, paths.MEMORY_QUEUE)
    return queue is not None and anatomy.path(type(queue)) == _IN_ORDER


def is_breadth_first(crawler: Any) -> bool:
    """Tell whether pages nearer to the start are visited first."""
    scheduler = paths.follow(crawler, paths.SCHEDULER)
    first_in = anatomy.attribute(scheduler, "mqclass") is squeues.FifoMemoryQueue
    depths = depths_of(crawler)
    return first_in or (depths is not None and depths.priority > 0)


def is_throttled(crawler: Any) -> bool:
    """Tell whether AutoThrottle sets the delays."""
    return _has(crawler, _THROTTLE)


def marks_start(crawler: Any) -> bool:
    """Tell whether `is_start` knows the requests that the spider began with."""
    return _has(crawler, _STARTS)


def depths_of(crawler: Any) -> Depths | None:
    """Return what is set for depths, None where nobody counts them."""
    for _, each in components.managed(crawler):
        if anatomy.inherits(each, _DEPTHS):
            limit, priority = (
                anatomy.attribute(each, name) for name in ("maxdepth", "prio")
            )
            if type(limit) is int and type(priority) is int:
                return Depths(limit, priority)
    return None


def rule_of(request: Any) -> Any:
    """Return the rule of a `CrawlSpider` that made a request, None where none did."""
    number = meta_of(request, "rule")
    callback = anatomy.attribute(request, "callback")
    spider = callback.__self__ if type(callback) is MethodType else None
    rules = anatomy.attribute(spider, "_rules")
    known = type(number) is int and type(rules) is list
    return rules[number] if known and 0 <= number < len(rules) else None


def sitemap_callbacks(spider: Any) -> list[Any]:
    """Return what a `SitemapSpider` calls with the pages of its sitemaps."""
    pairs = anatomy.attribute(spider, "_cbs")
    return [pair[1] for pair in pairs] if type(pairs) is list else []


def _has(crawler: Any, path: str) -> bool:
    managed = components.managed(crawler)
    return any(anatomy.inherits(component, path) for _, component in managed)
