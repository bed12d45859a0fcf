"""The spiders of the shop that the tests of explain share, mended."""

from __future__ import annotations

import asyncio
import functools
import logging
import logging.handlers

from parsel import Selector
from scrapy import Request, signals
from scrapy.loader import ItemLoader
from shop import components, leaks
from shop.base import Shop
from shop.leaks import LATER, product
from twisted.internet import defer

PAGES_AT_WORK = 10


class Meta(leaks.Meta):
    def parse_listing(self, response):
        yield response.follow(
            product(response),
            self.parse_product,
            cb_kwargs={"referer": response.url},
            **LATER,
        )


class CbKwargs(leaks.CbKwargs):
    def parse_listing(self, response):
        request = Request(product(response), self.parse_product, **LATER)
        request.cb_kwargs["referer_url"] = response.url
        yield request


class Nested(leaks.Nested):
    def parse_listing(self, response):
        kwargs = {"pages": [response.url]}
        yield Request(product(response), self.parse_product, cb_kwargs=kwargs, **LATER)


class Lambda(leaks.Lambda):
    def parse_listing(self, response):
        kwargs = {"url": response.url}
        yield Request(product(response), self.parse_page, cb_kwargs=kwargs, **LATER)

    def parse_page(self, response, url):
        self.log(url)


class NestedFunction(leaks.NestedFunction):
    def parse_listing(self, response):
        yield Request(
            product(response),
            self.parse_product,
            errback=self.failed,
            cb_kwargs={"url": response.url},
            **LATER,
        )

    def failed(self, failure):
        self.log(failure.request.cb_kwargs["url"])


class Partial(leaks.Partial):
    def parse_listing(self, response):
        kwargs = {"old": response.url}
        yield Request(product(response), self.parse_product, cb_kwargs=kwargs, **LATER)


class BoundMethod(leaks.BoundMethod):
    def parse_listing(self, response):
        kwargs = {"url": response.url}
        yield Request(product(response), self.parse_detail, cb_kwargs=kwargs, **LATER)

    def parse_detail(self, response, url):
        pass


class AttributeList(leaks.AttributeList):
    def parse_listing(self, response):
        self.pages.append(response.url)
        del self.pages[:-PAGES_AT_WORK]


class AttributeDict(leaks.AttributeDict):
    def parse_listing(self, response):
        self.pages[response.url] = response.url
        while len(self.pages) > PAGES_AT_WORK:
            self.pages.pop(next(iter(self.pages)))


class AttributeSet(leaks.AttributeSet):
    def parse_listing(self, response):
        if self.pages is None:
            self.pages = set()
        self.pages.add(response.url)
        while len(self.pages) > PAGES_AT_WORK:
            self.pages.pop()


class AttributeDeque(leaks.AttributeDeque):
    def parse_listing(self, response):
        self.pages.appendleft(response.url)
        while len(self.pages) > PAGES_AT_WORK:
            self.pages.pop()


class AttributeDefaultdict(leaks.AttributeDefaultdict):
    def parse_listing(self, response):
        pages = self.pages[response.url[-1]]
        pages.append(response.url)
        del pages[:-PAGES_AT_WORK]


class AttributeObjects(leaks.AttributeObjects):
    def parse_listing(self, response):
        self.pages.append(leaks.Page(response.url))
        del self.pages[:-PAGES_AT_WORK]


class ClassAttribute(leaks.ClassAttribute):
    def parse_listing(self, response):
        self.kept.append(response.url)
        del self.kept[:-PAGES_AT_WORK]


class ModuleGlobal(leaks.ModuleGlobal):
    def parse_listing(self, response):
        leaks.SEEN.append(response.url)
        del leaks.SEEN[:-PAGES_AT_WORK]


class KeepingPipeline(components.KeepingPipeline):
    def process_item(self, item, spider):
        self.items.append(item["page"].url)
        del self.items[:-PAGES_AT_WORK]
        return item


class KeepingSpiderMiddleware(components.KeepingSpiderMiddleware):
    def process_spider_input(self, response, spider):
        self.seen.append(response.url)
        del self.seen[:-PAGES_AT_WORK]


class KeepingDownloaderMiddleware(components.KeepingDownloaderMiddleware):
    def process_response(self, request, response, spider):
        self.by_url[response.url] = response.url
        while len(self.by_url) > PAGES_AT_WORK:
            self.by_url.pop(next(iter(self.by_url)))
        return response


class KeepingExtension(components.KeepingExtension):
    def response_received(self, response):
        self.last.append(response.url)
        del self.last[:-PAGES_AT_WORK]


class LruCache(leaks.LruCache):
    def parse_listing(self, response):
        self.title(response.url)

    @functools.lru_cache(maxsize=100)  # noqa: B019
    def title(self, url):
        return url.rpartition("/")[2].title()


@functools.lru_cache(maxsize=100)
def links(text):
    return Selector(text).css("a").getall()


class CacheFunction(leaks.CacheFunction):
    def parse_listing(self, response):
        links(response.text)


class SelectorRow(leaks.SelectorRow):
    def parse_listing(self, response):
        self.rows.append(response.css("li")[0].get())
        del self.rows[:-PAGES_AT_WORK]


class SelectorMeta(leaks.SelectorMeta):
    def parse_listing(self, response):
        for row in response.css("li"):
            yield Request(
                product(response),
                self.parse_product,
                cb_kwargs={"row": row.get()},
                dont_filter=True,
                **LATER,
            )


class Loader(leaks.Loader):
    def parse_listing(self, response):
        loader = ItemLoader(item={}, response=response)
        yield Request(
            product(response),
            self.parse_product,
            cb_kwargs={"item": loader.load_item()},
            **LATER,
        )


class StoredFailure(leaks.StoredFailure):
    def parse_listing(self, response):
        try:
            self.check(response)
        except ValueError as error:
            self.failures.append(str(error))


class StoredException(leaks.StoredException):
    def parse_listing(self, response):
        try:
            self.check(response)
        except ValueError as error:
            self.errors.append(str(error))


class SuspendedGenerator(leaks.SuspendedGenerator):
    def parse_listing(self, response):
        for each in self.walk(response):
            self.last = each


class AsyncGenerator(leaks.AsyncGenerator):
    async def parse_listing(self, response):
        async for each in self.walk(response):
            self.last = each


class WaitingTask(leaks.WaitingTask):
    async def linger(self, page):
        await asyncio.sleep(0.1)
        self.log(page.url)


class DeferredCallback(leaks.DeferredCallback):
    def parse_listing(self, response):
        answer = defer.Deferred()
        answer.addCallback(self.answered, response.url)
        self.waiting.append(answer)
        while len(self.waiting) > PAGES_AT_WORK:
            self.waiting.pop(0).callback("late")


class Timers:
    """Has the timers of the latest pages, and cancels all others."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.timers = []

    def keep(self, timer):
        self.timers.append(timer)
        while len(self.timers) > PAGES_AT_WORK:
            self.timers.pop(0).cancel()

    def closed(self, reason):
        for timer in self.timers:
            timer.cancel()


class CallLater(Timers, leaks.CallLater):
    def parse_listing(self, response):
        from twisted.internet import reactor

        self.keep(reactor.callLater(3600, self.check_again, response.url))


class LoopCallLater(Timers, leaks.LoopCallLater):
    def parse_listing(self, response):
        loop = asyncio.get_event_loop()
        self.keep(loop.call_later(3600, self.check_again, response.url))


class SignalReceiver(leaks.SignalReceiver):
    url = ""

    def parse_listing(self, response):
        self.url = response.url
        self.crawler.signals.connect(self.log_last, signals.spider_closed)

    def log_last(self):
        self.log(self.url)


class LoggingHandler(Shop):
    name = "logging_handler"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.audit = logging.getLogger("shop.audit")
        self.audit.addHandler(
            logging.handlers.MemoryHandler(
                300, flushLevel=99, target=logging.NullHandler()
            )
        )

    def parse_listing(self, response):
        self.audit.warning("seen %s", response.url)


class WeakKeys(leaks.WeakKeys):
    def parse_listing(self, response):
        self.notes[response] = response.url


class Chain(leaks.Chain):
    def parse(self, response, previous_url=None, number=0):
        yield Request(
            response.urljoin(f"/listing/{number}"),
            self.parse,
            cb_kwargs={"previous_url": response.url, "number": number + 1},
        )


class Library(leaks.Library):
    def parse_listing(self, response):
        yield {"page": response.url}


class TwoHolders(leaks.TwoHolders):
    def parse_listing(self, response):
        is_odd = int(response.url.rpartition("/")[2]) % 2
        pages = self.odd if is_odd else self.even
        pages.append(response.url)
        del pages[:-PAGES_AT_WORK]
