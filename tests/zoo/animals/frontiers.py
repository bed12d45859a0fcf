"""Healthy spiders with much to do: many requests wait, on many domains or on disk."""

from __future__ import annotations

from scrapy import Field, Item, Request
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

from tests.zoo.animals.base import Endless, Lister, Visitor


class StartBurst(Visitor):
    name = "start_burst"

    async def start(self):
        for number in range(30_000):
            yield self.page(number)


class CallbackBurst(Lister):
    name = "callback_burst"
    pages = 5000


class BreadthFirst(Endless):
    name = "breadth_first"
    path = "/tree/{}?links=2"


class DepthFirst(Endless):
    name = "depth_first"


class OnDisk(Lister):
    name = "on_disk"
    pages = 3000


class ManyDomains(Visitor):
    """Visits a page on each of many domains, all of them served here."""

    name = "many_domains"

    def page(self, number, **kwargs):
        host = self.site.replace("127.0.0.1", f"shop{number}.localhost")
        return Request(f"{host}/page/{number}", **kwargs)


class FirstOfTwo(Lister):
    name = "first_of_two"
    pages = 250


class SecondOfTwo(Visitor):
    name = "second_of_two"


class Entry(Item):
    url = Field()
    shelf = Field()


class HalfFilled(Visitor):
    """Passes half-filled items on to the page that has the rest."""

    name = "half_filled"

    def parse(self, response):
        for number in range(10):
            yield response.follow(
                f"{response.url}/{number}",
                self.parse_rest,
                cb_kwargs={"entry": Entry(shelf=response.url)},
            )

    def parse_rest(self, response, entry):
        entry["url"] = response.url
        yield entry


class Ruled(CrawlSpider):
    name = "ruled"
    rules = (
        Rule(LinkExtractor(allow="/tree/"), callback="parse_page", follow=True),
        Rule(LinkExtractor(allow="/product/"), callback="parse_page"),
    )

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{site}/tree/0?links=3"]

    def parse_page(self, response):
        yield {"url": response.url}
