"""A crawl that leaks, and is full of objects that nobody may ask anything."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque

import hostile
import spiders
from scrapy import signals

GLOBAL = hostile.one_of_each()
TABLE = hostile.by_hostile_keys()
SINGLES = hostile.List(hostile.one_of_each())
VARIABLE = contextvars.ContextVar("hostile")
LOCAL = threading.local()


class Pipeline:
    of_class = hostile.Plain()
    described = hostile.Described()

    def open_spider(self, spider):
        self.objects = hostile.one_of_each()
        self.table = hostile.by_hostile_keys()
        self.batch = hostile.List()
        self.thing = hostile.WithMeta()
        self.last = hostile.Lying()

    def process_item(self, item, spider):
        self.last = item
        return item


class Handler(logging.NullHandler):
    pass


class Extension:
    """Leaves a timer and a handler behind that have hostile objects."""

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def __init__(self, crawler):
        self.objects = hostile.one_of_each()
        self.over = threading.Event()
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)

    def spider_opened(self, spider):
        from twisted.internet import reactor

        VARIABLE.set(hostile.one_of_each())
        thread = threading.Thread(target=self.wait, args=(hostile.Plain(),))
        thread.start()
        self.timer = reactor.callLater(600, self.wait, hostile.Plain(), hostile.List())
        self.handler = Handler()
        self.handler.extra = hostile.Plain()
        logging.getLogger("hostile").addHandler(self.handler)

    def wait(self, *things):
        LOCAL.things = hostile.one_of_each()
        self.over.wait(60)

    def spider_closed(self, spider):
        self.over.set()


class Asking(spiders.ShopSpider):
    name = "asking"
    pages = 400
    of_class = hostile.Plain()
    table_of_class = hostile.by_hostile_keys()
    handed_down = hostile.Described()

    def start_requests(self):
        self.objects = hostile.one_of_each()
        self.table = hostile.by_hostile_keys()
        self.queue = deque(hostile.one_of_each())
        self.kept = hostile.List()
        self.grows = {}
        yield from super().start_requests()

    def parse(self, response, **_):
        list.append(self.kept, hostile.holding(response))
        self.grows[hostile.Plain()] = hostile.List()
        yield hostile.Dict(name="item")
        yield from super().parse(response)

    def follow(self, response):
        meta = {hostile.Text("key"): hostile.Plain(), "objects": hostile.one_of_each()}
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(
                href, self.parse, meta=meta, cb_kwargs={"thing": hostile.WithMeta()}
            )
