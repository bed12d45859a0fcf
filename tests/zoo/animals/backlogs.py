"""Spiders of Scrapy's kinds that make more requests than go, and cured twins."""

from __future__ import annotations

import asyncio
import itertools

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, CSVFeedSpider, Rule, SitemapSpider

PAUSE_S = 0.1
"""Between two lists, each with more pages than are fetched meanwhile."""
KEPT = 100
"""One page of so many is visited by those that leave the others out."""
CHAINS = 16


class Listed:
    """Gets one list after the other, for ever."""

    path = ""

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.site = site

    async def start(self):
        self.crawler.signals.connect(self.stay, signals.spider_idle)
        yield self.list_of(0)
        self.more = asyncio.ensure_future(self.go_on())

    async def go_on(self):
        for number in itertools.count(1):
            await asyncio.sleep(PAUSE_S)
            self.crawler.engine.crawl(self.list_of(number))

    def list_of(self, number):
        return Request(f"{self.site}/{self.path}/{number}", self.parse_list)

    def stay(self):
        raise DontCloseSpider

    def closed(self, reason):
        self.more.cancel()

    def parse_page(self, response):
        yield {"title": response.css("title::text").get()}


class WholeSitemaps(Listed, SitemapSpider):
    name = "whole_sitemaps"
    path = "sitemap"
    sitemap_rules = (("", "parse_page"),)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parse_list = self._parse_sitemap

    def sitemap_filter(self, entries):
        for entry in entries:
            yield {**entry, "loc": self.site + entry["loc"]}


class FilteredSitemaps(WholeSitemaps):
    name = "filtered_sitemaps"

    def sitemap_filter(self, entries):
        yield from itertools.islice(super().sitemap_filter(entries), 0, None, KEPT)


class RowsFollowed(Listed, CSVFeedSpider):
    name = "rows_followed"
    path = "feed"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parse_list = self._parse

    def parse_row(self, response, row):
        yield response.follow(row["url"], self.parse_page)


class RowsYielded(RowsFollowed):
    name = "rows_yielded"

    def parse_row(self, response, row):
        yield row


class WideRules(CrawlSpider):
    name = "wide_rules"
    rules = (Rule(LinkExtractor(allow="/tree/"), "parse_page", follow=True),)

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{site}/tree/{number}" for number in range(1, CHAINS)]

    def parse_page(self, response):
        yield {"title": response.css("title::text").get()}


class NarrowRules(WideRules):
    """Follows one link of ten."""

    name = "narrow_rules"
    rules = (
        Rule(
            LinkExtractor(allow="/tree/", deny=r"/tree/\d*[1-9]\?"),
            "parse_page",
            follow=True,
        ),
    )
