"""What the spiders of the zoo share: many pages of the local site, for a while."""

from __future__ import annotations

from scrapy import Request, Spider


class Visitor(Spider):
    """Visits ``path`` with ever higher numbers, ``pages`` in all."""

    pages = 1200
    path = "/page/{}"

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.site = site

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):  # the name of start() before Scrapy 2.13
        yield Request(f"{self.site}/index", self.parse_index)

    def parse_index(self, response):
        for number in range(self.pages):
            yield self.page(number)

    def page(self, number, **kwargs):
        return Request(self.site + self.path.format(number), **kwargs)

    def parse(self, response):
        yield {"url": response.url, "title": response.css("title::text").get()}


class Endless(Visitor):
    """Goes from each page of a tree to the pages below it, for ever."""

    path = "/tree/{}"

    def start_requests(self):
        yield self.page(0)

    def parse(self, response):
        yield from super().parse(response)
        yield from self.below(response)

    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse)
