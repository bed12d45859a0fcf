"""What has fewer requests wait: by who made them, and what their sites allow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.naming import callables, words
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.internals import frontier

if TYPE_CHECKING:
    from collections.abc import Callable

NEARLY_ALL = 0.9
"""Of the requests that are looked at; fewer don't tell where all come from."""
MANY_SITES = 3
RECENT_S = 10.0
"""Seconds: another site that was asked within these goes on."""
LAZY_START = "await self.crawler.signals.wait_for(signals.scheduler_empty)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Some of the requests that wait, evenly; for use inside the child only."""

    requests: list[Any]
    crawler: Any
    spider: Any

    def most(self, asked: Callable[[Any], object]) -> bool:
        """Tell whether nearly all requests are so."""
        return sum(map(bool, map(asked, self.requests))) >= NEARLY_ALL * len(
            self.requests
        )

    @property
    def depths(self) -> list[int]:
        """How many pages lead to each that some page has made."""
        found = [frontier.depth_of(each) for each in self.requests]
        return [depth for depth in found if depth is not None]

    @property
    def callbacks(self) -> list[tuple[str, int]]:
        """The names of what they call back, with how many do, the most first."""
        return Counter(map(words.callback_of, self.requests)).most_common()


def fewer(waiting: Waiting) -> str:
    """Return what helps besides room for them, empty where nothing is sure.

    A site that holds all others up is told before the spider.
    """
    for way in _WAYS:
        advice = way(waiting)
        if advice:
            return advice
    return ""


def _slow_site(waiting: Waiting) -> str:
    """Tell of the one site that they wait for, while others go on."""
    (name, count), *_ = Counter(map(frontier.site_of, waiting.requests)).most_common()
    sites = {site.name: site for site in frontier.sites(waiting.crawler)}
    site = sites.pop(name, None)
    if site is None or count < NEARLY_ALL * len(waiting.requests):
        return ""
    if not any(site.seen - other.seen < RECENT_S for other in sites.values()):
        return ""  # as where a feed was on another site
    shown = redact.text(name, 80)
    pace, what = f"one every {site.delay:.2g} s", 'a smaller "delay" for it in'
    if site.delay and frontier.is_throttled(waiting.crawler):
        return f"{shown} alone is behind, with {pace}: {_THROTTLED}"
    if not site.delay:
        if site.active < site.concurrency:
            return ""
        pace, what = f"{site.concurrency} at a time", 'a larger "concurrency" for it in'
    return f"{shown} alone is behind, with {pace}: {what} DOWNLOAD_SLOTS, {_BEARS}"


def _busy_site(waiting: Waiting) -> str:
    """Tell of a site that has all downloads, so that all others wait."""
    crawler = waiting.crawler
    most = frontier.at_once(crawler)
    busy = max(frontier.sites(crawler), key=lambda site: site.active, default=None)
    theirs = set(map(frontier.site_of, waiting.requests))
    if (
        busy is None
        or len(theirs) < MANY_SITES
        or not 0 < NEARLY_ALL * most <= busy.active
        or not frontier.takes_in_order(crawler)
    ):
        return ""
    return (
        f"{redact.text(busy.name, 80)} has {busy.active} of the {most} downloads, and"
        f' others wait: SCHEDULER_PRIORITY_QUEUE = "{frontier.TAKES_TURNS}" has each'
        " site take its turn"
    )


def _from_start(waiting: Waiting) -> str:
    """Tell of start requests; before Scrapy 2.13, which marks them, none wait so."""
    if not waiting.most(frontier.is_start):
        return ""
    advice = f"let start() wait for the queue to be empty: {LAZY_START}"
    return f"{advice}{_faster(waiting)}"


def _by_hand(waiting: Waiting) -> str:
    """Tell of requests that neither a page nor the start has made."""
    crawler = waiting.crawler
    if not frontier.marks_start(crawler) or frontier.depths_of(crawler) is None:
        return ""
    if not waiting.most(lambda each: frontier.depth_of(each) is None):
        return ""
    return (
        "let whoever calls engine.crawl() wait for the queue to be empty:"
        f" signals.scheduler_empty{_faster(waiting)}"
    )


def _from_sitemaps(waiting: Waiting) -> str:
    if not anatomy.inherits(waiting.spider, frontier.SITEMAP):
        return ""
    if waiting.most(lambda each: words.callback_of(each) == frontier.OF_SITEMAPS):
        return (
            "follow only the sitemaps that you need: sitemap_follow, sitemap_filter()"
        )
    codes = {
        callables.code_of(each) for each in frontier.sitemap_callbacks(waiting.spider)
    }
    depths = set(waiting.depths)
    if len(depths) != 1 or not waiting.most(
        lambda each: callables.code_of(anatomy.attribute(each, "callback")) in codes
    ):
        return ""
    index = "" if depths == {1} else ", and whole sitemaps by sitemap_follow"
    return (
        "leave out pages of the sitemaps that you need not visit, in sitemap_filter()"
        f" (as by lastmod) or by sitemap_rules{index}{_faster(waiting)}"
    )


def _from_feed(waiting: Waiting) -> str:
    """Tell of requests that a feed's rows have made: that is the page before each."""
    if set(waiting.depths) != {1}:
        return ""
    for spider, method in _FEEDS.items():
        if anatomy.inherits(waiting.spider, spider):
            return (
                f"yield items from {method}(), rather than a request for each, or"
                f" split the feed and crawl one part after the other{_faster(waiting)}"
            )
    return ""


def _by_rules(waiting: Waiting) -> str:
    rules = [frontier.rule_of(each) for each in waiting.requests]
    if not anatomy.inherits(waiting.spider, frontier.CRAWL) or not waiting.most(
        frontier.rule_of
    ):
        return ""
    found = [anatomy.attribute(rule, "callback") for rule in rules if rule is not None]
    names = Counter(
        code.co_name if code is not None else "no callback"
        for code in map(callables.code_of, found)
    )
    shown = redact.text(" and ".join(name for name, _ in names.most_common(2)))
    rule = "rule" if len(names) == 1 else "rules"
    return (
        f"narrow the {rule} for {shown} (deny= of the LinkExtractor, process_links)"
        f"{_depth(waiting)}"
    )


def _of_pages(waiting: Waiting) -> str:
    """Tell of links that callbacks follow."""
    callbacks = waiting.callbacks
    name, count = callbacks[0]
    name = redact.text(name)
    if count >= NEARLY_ALL * len(waiting.requests):
        return f"follow fewer links to {name}{_depth(waiting)}"
    priorities = {anatomy.attribute(each, "priority") for each in waiting.requests}
    if len(priorities) != 1:
        return ""
    return (
        f"give the requests that yield items, {redact.text(callbacks[-1][0])} or"
        f" {name}, a higher priority=, so that they go before new listings"
    )


def _depth(waiting: Waiting) -> str:
    """Return what helps where they are several pages away, if that is known."""
    depths, settings = waiting.depths, frontier.depths_of(waiting.crawler)
    if settings is None or max(depths, default=0) < _DEEP:
        return ""
    low, high = min(depths), max(depths)
    span = f"{high}" if low == high else f"{low} to {high}"
    limit = "a lower DEPTH_LIMIT" if settings.limit else "a DEPTH_LIMIT"
    order = ""
    if frontier.is_breadth_first(waiting.crawler):
        order = (
            "; breadth first, as they go, has the most wait: without DEPTH_PRIORITY and"
            " with the usual LifoMemoryQueue they go depth first"
        )
    return f", or set {limit} (they are at {span}){order}"


def _faster(waiting: Waiting) -> str:
    """Return what lets those go faster that come to an end."""
    sites = list(frontier.sites(waiting.crawler))
    names = set(map(frontier.site_of, waiting.requests))
    most = frontier.at_once(waiting.crawler)
    for site in sites:
        if names == {site.name} and site.delay:
            return f"; the site is asked once every {site.delay:.2g} s"
        if names == {site.name} and site.active >= site.concurrency:
            return (
                "; or let more go at once, if the site bears that:"
                f" CONCURRENT_REQUESTS_PER_DOMAIN ({site.concurrency} now)"
            )
    if len(names) >= MANY_SITES and 0 < most <= sum(site.active for site in sites):
        return f"; or let more go at once: CONCURRENT_REQUESTS ({most} now)"
    return ""


_DEEP = 2
_BEARS = "if it bears that"
_THROTTLED = f"a larger AUTOTHROTTLE_TARGET_CONCURRENCY, {_BEARS}"
_FEEDS = {frontier.CSV_FEED: "parse_row", frontier.XML_FEED: "parse_node"}
_WAYS: tuple[Callable[[Waiting], str], ...] = (
    _slow_site,
    _busy_site,
    _from_start,
    _by_hand,
    _from_sitemaps,
    _from_feed,
    _by_rules,
    _of_pages,
)
