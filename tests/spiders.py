"""The spiders that the tests crawl the shop with.

They call the collector often, so that a short crawl has as many full
collections as a long one.
"""

from __future__ import annotations

import gc
from typing import ClassVar

import scrapy
from scrapy.core.scheduler import BaseScheduler

KEEP = False
"""Whether the script of ``row.py`` keeps the crawlers it has made."""


class ShopSpider(scrapy.Spider):
    pages = 500
    seen = 0
    collect_every = 25

    @classmethod
    def update_settings(cls, settings):
        super().update_settings(settings)
        settings.set("CLOSESPIDER_PAGECOUNT", cls.pages, priority="spider")

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):
        yield scrapy.Request(f"{self.shop}/product.php?pid=123", self.parse)

    def parse(self, response):
        self.seen += 1
        if self.seen % self.collect_every == 0:
            gc.collect()
        yield {"name": response.css("h1::text").get()}
        yield from self.follow(response)

    def follow(self, response):
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(href, self.parse)


class Backlog(ShopSpider):
    name = "backlog"


class Leaking(ShopSpider):
    name = "leaking"

    def follow(self, response):
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(href, self.parse, meta={"referer": response})


class Healthy(ShopSpider):
    name = "healthy"
    pages = 0

    def start_requests(self):
        yield scrapy.Request(f"{self.shop}/catalogue.php?page=80", self.parse)

    def follow(self, response):
        if "catalogue" in response.url:
            yield from super().follow(response)
            yield from response.follow_all(css="a.next", callback=self.parse)


class HoardsRequests(ShopSpider):
    """Keeps each request it makes, and sends only a few."""

    name = "hoards_requests"

    def follow(self, response):
        requests = list(super().follow(response))
        self.kept = [*getattr(self, "kept", []), *requests]
        yield requests[0]


class Quarter(Leaking):
    """Keeps one response of four."""

    name = "quarter"
    pages = 1200

    def follow(self, response):
        if self.seen % 4 == 0:
            self.kept = [*getattr(self, "kept", []), response]
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(href, self.parse)


class Throwing(Leaking):
    name = "throwing"

    def parse(self, response):
        yield from super().parse(response)
        raise RuntimeError("this spider throws")


class DropFirst(BaseScheduler):
    """Keeps its requests where LeakWatch can't count them, like scrapy-redis."""

    def __init__(self) -> None:
        self.elsewhere: list[scrapy.Request] = []

    @classmethod
    def from_crawler(cls, crawler):
        return cls()

    def has_pending_requests(self):
        return bool(self.elsewhere)

    def enqueue_request(self, request):
        self.elsewhere.append(request)
        return True

    def next_request(self):
        return self.elsewhere.pop() if self.elsewhere else None

    def __len__(self):
        raise AssertionError("asking could mean asking a server")


class Elsewhere(ShopSpider):
    name = "elsewhere"
    custom_settings: ClassVar = {"SCHEDULER": DropFirst}


class HostileRequest(scrapy.Request):
    """Its instances refuse all that trackref does not need."""

    def __len__(self):
        raise SystemExit("__len__")

    def __bool__(self):
        raise SystemExit("__bool__")

    def __repr__(self):
        raise SystemExit("__repr__")

    def __getattr__(self, name):
        if name == "callback":
            raise SystemExit("__getattr__")
        raise AttributeError(name)


class Tracked:
    """Not hashable, and hostile to whoever looks at it."""

    __hash__ = None

    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        raise SystemExit("__eq__")

    def __len__(self):
        raise SystemExit("__len__")

    def __repr__(self):
        raise SystemExit("__repr__")

    @property
    def __class__(self):
        raise SystemExit("__class__")


class Hostile(ShopSpider):
    name = "hostile"

    def follow(self, response):
        self.kept = [*getattr(self, "kept", []), Tracked(self.seen)]
        self.kept.append(HostileRequest("http://shop/"))
        yield from super().follow(response)


class Product:
    """What no trackref knows."""

    def __init__(self, name):
        self.name = name


class Hoarding(ShopSpider):
    """Keeps a plain object of each page."""

    name = "hoarding"

    def follow(self, response):
        self.products = [*getattr(self, "products", []), Product(response.url)]
        yield from super().follow(response)


class Item(scrapy.Item):
    name = scrapy.Field()


class PassesItems(ShopSpider):
    """Passes half-filled items on in ``cb_kwargs``, as the documentation does."""

    name = "passes_items"

    def parse(self, response, item=None):
        yield from super().parse(response)

    def follow(self, response):
        for request in super().follow(response):
            yield request.replace(cb_kwargs={"item": Item(name=response.url)})


class HoardsUrls(ShopSpider):
    """Remembers each URL, in ways that no count of instances shows."""

    name = "hoards_urls"
    PRICES: ClassVar = {}

    def start_requests(self):
        self.urls = set()
        self.by_kind = {"product": []}
        yield from super().start_requests()

    def parse(self, response):
        self.urls.add(response.url)
        self.by_kind["product"].append({"url": response.url})
        self.PRICES[response.url] = 1
        yield from super().parse(response)


class Twins(ShopSpider):
    """Keeps products of one project and offers of another; lets their twins go."""

    name = "twins"
    pages = 300

    def start_requests(self):
        import twins_one
        import twins_two

        self.one, self.two = twins_one, twins_two
        self.products, self.offers = [], []
        yield from super().start_requests()

    def follow(self, response):
        self.products.append(self.one.Product(response.url))
        self.offers.append(self.two.Offer(url=response.url))
        self.twins = (self.two.Product(response.url), self.one.Offer(url=response.url))
        if self.seen % 2:  # there is one in some samples, and none in others
            del self.twins
        yield from super().follow(response)


class Weighty(ShopSpider):
    """Keeps 600 kB of each page in the spider."""

    name = "weighty"

    def parse(self, response):
        self.bodies = [*getattr(self, "bodies", []), b"x" * 600_000]
        yield from super().parse(response)


class Swelling(ShopSpider):
    """Keeps 2 MB of each page."""

    name = "swelling"
    kept: ClassVar[list[bytes]] = []

    def parse(self, response):
        self.kept.append(b"x" * 2_000_000)
        yield from super().parse(response)
