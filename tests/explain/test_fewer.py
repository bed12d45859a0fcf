"""What is told to have fewer requests wait follows from who made them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request, Spider
from scrapy.core.downloader import Slot
from scrapy.extensions.throttle import AutoThrottle
from scrapy.linkextractors import LinkExtractor
from scrapy.pqueues import ScrapyPriorityQueue
from scrapy.spidermiddlewares.depth import DepthMiddleware
from scrapy.spiders import (
    CrawlSpider,
    CSVFeedSpider,
    Rule,
    SitemapSpider,
    XMLFeedSpider,
)
from scrapy.squeues import FifoMemoryQueue

from scrapy_leakwatch.explain.answers.fewer import Waiting, fewer
from scrapy_leakwatch.explain.naming import words

COUNT = 20


class Pages(Spider):
    name = "pages"

    def parse(self, response):
        """Do nothing."""

    def parse_item(self, response):
        """Do nothing."""


class Maps(SitemapSpider, Pages):
    sitemap_rules = (("", "parse_item"),)


class Rows(CSVFeedSpider, Pages):
    pass


class Nodes(XMLFeedSpider, Pages):
    pass


class Ruled(CrawlSpider):
    name = "ruled"
    rules = (
        Rule(LinkExtractor(), callback="parse_page"),
        Rule(LinkExtractor(), follow=True),
    )

    def parse_page(self, response):
        """Do nothing."""


class StartSpiderMiddleware:
    """Stands for that of Scrapy, which versions before 2.13 don't have."""

    __module__ = "scrapy.spidermiddlewares.start"


def site(
    name: str, active: int = 0, delay: float = 0.0, seen: float = 100.0
) -> dict[str, Slot]:
    slot = Slot(8, delay, 0)
    slot.active.update(Request("http://a") for _ in range(active))
    slot.lastseen = seen
    return {name: slot}


def crawler(
    *extensions: Any,
    sites: dict[str, Slot] | None = None,
    depths: tuple[int, int] | None = (0, 0),
    **scheduler: Any,
) -> Any:
    middlewares = [StartSpiderMiddleware()]
    if depths is not None:
        middlewares.append(DepthMiddleware(depths[0], None, prio=depths[1]))
    engine = SimpleNamespace(
        slot=SimpleNamespace(scheduler=SimpleNamespace(**scheduler)),
        downloader=SimpleNamespace(slots=sites or {}, total_concurrency=16),
        scraper=SimpleNamespace(spidermw=SimpleNamespace(middlewares=middlewares)),
    )
    managed = SimpleNamespace(middlewares=list(extensions))
    return SimpleNamespace(engine=engine, extensions=managed)


def told(requests: list[Request], spider: Spider, of: Any | None = None) -> str:
    return fewer(Waiting(requests, of or crawler(), spider))


def requests(callback: Any, host: str = "shop", **fields: Any) -> list[Request]:
    meta = {"depth": 1, **fields.pop("meta", {})}
    return [
        Request(f"http://{host}/{number}", callback, meta=meta, **fields)
        for number in range(COUNT)
    ]


def test_pages_of_a_sitemap_are_left_out_by_its_filter() -> None:
    spider = Maps()
    assert told(requests(spider.parse_item), spider) == (
        "leave out pages of the sitemaps that you need not visit, in sitemap_filter()"
        " (as by lastmod) or by sitemap_rules"
    )
    of_index = requests(spider.parse_item, meta={"depth": 2})
    assert told(of_index, spider).endswith(", and whole sitemaps by sitemap_follow")
    sitemaps = requests(spider._parse_sitemap)
    assert told(sitemaps, spider).startswith("follow only the sitemaps that you need")


def test_what_pages_of_a_sitemap_link_to_is_not_the_sitemap_s() -> None:
    spider = Maps()
    assert told(requests(spider.parse), spider) == "follow fewer links to parse"
    several = [*requests(spider.parse_item), *requests(spider.parse_item)]
    for number, request in enumerate(several):
        request.meta["depth"] = number % 5
    assert told(several, spider) == (
        "follow fewer links to parse_item, or set a DEPTH_LIMIT (they are at 0 to 4)"
    )


@pytest.mark.parametrize(
    ("cls", "method"), [(Rows, "parse_row"), (Nodes, "parse_node")]
)
def test_rows_of_a_feed_yield_items(cls, method) -> None:
    spider = cls()
    assert told(requests(spider.parse_item), spider) == (
        f"yield items from {method}(), rather than a request for each, or split the"
        " feed and crawl one part after the other"
    )


def test_what_pages_of_a_feed_link_to_is_not_the_feed_s() -> None:
    spider = Rows()
    later = requests(spider.parse_item, meta={"depth": 3})
    assert told(later, spider) == (
        "follow fewer links to parse_item, or set a DEPTH_LIMIT (they are at 3)"
    )


def test_rules_are_narrowed_and_named_by_what_they_call() -> None:
    spider = Ruled()
    made = requests(spider._callback, meta={"rule": 0})
    assert {words.callback_of(each) for each in made} == {"parse_page"}
    assert told(made, spider) == (
        "narrow the rule for parse_page (deny= of the LinkExtractor, process_links)"
    )
    both = [*made, *requests(spider._callback, meta={"rule": 1, "depth": 4})]
    assert told(both, spider, crawler(depths=(9, 0))) == (
        "narrow the rules for parse_page and no callback (deny= of the LinkExtractor,"
        " process_links), or set a lower DEPTH_LIMIT (they are at 1 to 4)"
    )


def test_breadth_first_is_told_to_have_the_most_wait() -> None:
    spider = Pages()
    deep = requests(spider.parse, meta={"depth": 3})
    for of in (crawler(depths=(0, 1)), crawler(mqclass=FifoMemoryQueue)):
        assert "without DEPTH_PRIORITY and with the usual LifoMemoryQueue" in told(
            deep, spider, of
        )
    assert "DEPTH_PRIORITY" not in told(deep, spider)
    assert "DEPTH" not in told(deep, spider, crawler(depths=None))


def test_start_requests_wait_for_the_queue_and_those_by_hand_too() -> None:
    spider = Rows()
    begun = [
        Request("http://shop/", meta={"is_start_request": True}) for _ in range(COUNT)
    ]
    assert told(begun, spider) == (
        "let start() wait for the queue to be empty:"
        " await self.crawler.signals.wait_for(signals.scheduler_empty)"
    )
    by_hand = [Request("http://shop/") for _ in range(COUNT)]
    assert told(by_hand, spider).startswith("let whoever calls engine.crawl() wait")
    assert "engine.crawl" not in told(by_hand, spider, crawler(depths=None))


def test_items_go_before_new_listings() -> None:
    spider = Pages()
    mixed = [*requests(spider.parse), *requests(spider.parse_item)]
    assert told(mixed, spider).startswith("give the requests that yield items")
    mixed[0].priority = 1
    assert told(mixed, spider) == ""


def test_one_slow_site_is_told_and_not_the_spider() -> None:
    spider = Rows()
    waiting = requests(spider.parse_item, "slow.example")
    slow = site("slow.example", 4, delay=5.0)
    assert told(waiting, spider, crawler(sites={**site("shop"), **slow})) == (
        'slow.example alone is behind, with one every 5 s: a smaller "delay" for it in'
        " DOWNLOAD_SLOTS, if it bears that"
    )
    throttle = AutoThrottle.__new__(AutoThrottle)
    of = crawler(throttle, sites={**site("shop"), **slow})
    assert "a larger AUTOTHROTTLE_TARGET_CONCURRENCY" in told(waiting, spider, of)
    full = site("slow.example", 8)
    assert '8 at a time: a larger "concurrency"' in told(
        waiting, spider, crawler(sites={**site("shop"), **full})
    )


def test_a_site_that_only_had_the_feed_does_not_make_the_other_slow() -> None:
    spider = Rows()
    waiting = requests(spider.parse_item, "pages.example")
    sites = {**site("feeds.example", seen=10.0), **site("pages.example", 8)}
    assert told(waiting, spider, crawler(sites=sites)) == (
        "yield items from parse_row(), rather than a request for each, or split the"
        " feed and crawl one part after the other; or let more go at once, if the site"
        " bears that: CONCURRENT_REQUESTS_PER_DOMAIN (8 now)"
    )
    delayed = site("pages.example", 8, delay=2.0)
    assert told(waiting, spider, crawler(sites=delayed)).endswith(
        "; the site is asked once every 2 s"
    )


def test_a_site_that_has_all_downloads_lets_the_others_take_turns() -> None:
    spider = Pages()
    waiting = [
        each for number in range(4) for each in requests(spider.parse, f"shop{number}")
    ]
    sites = {**site("slow.example", 16), **site("shop1")}
    queue = ScrapyPriorityQueue.__new__(ScrapyPriorityQueue)
    assert told(waiting, spider, crawler(sites=sites, mqs=queue)) == (
        "slow.example has 16 of the 16 downloads, and others wait:"
        ' SCHEDULER_PRIORITY_QUEUE = "scrapy.pqueues.DownloaderAwarePriorityQueue" has'
        " each site take its turn"
    )
    assert told(waiting, spider, crawler(sites=sites)) == "follow fewer links to parse"
