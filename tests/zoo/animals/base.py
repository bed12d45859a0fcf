"""What the spiders of the zoo share: many pages of the local site, for a while."""

from __future__ import annotations

import itertools

from scrapy import Request, Spider, signals


class Visitor(Spider):
    """Visits ``path`` with ever higher numbers, a few more whenever none waits."""

    path = "/page/{}"
    at_once = 32

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.site = site

    async def start(self):
        for number in itertools.count():
            yield self.page(number)
            if number % self.at_once == self.at_once - 1:
                await self.crawler.signals.wait_for(signals.scheduler_empty)

    def page(self, number, **kwargs):
        return Request(self.site + self.path.format(number), **kwargs)

    def parse(self, response):
        yield {"url": response.url, "title": response.css("title::text").get()}


class Passer(Visitor):
    """Does nothing of its own: a component does."""

    name = "passer"


class Lister(Visitor):
    """Finds all its ``pages`` in an index."""

    pages = 1000

    async def start(self):
        yield Request(f"{self.site}/index", self.parse_index)

    def parse_index(self, response):
        for number in range(self.pages):
            yield self.page(number)


class Endless(Visitor):
    """Goes from each page of a tree to the pages below it, for ever."""

    path = "/tree/{}"

    async def start(self):
        yield self.page(0)

    def parse(self, response):
        yield from super().parse(response)
        yield from self.below(response)

    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse)
