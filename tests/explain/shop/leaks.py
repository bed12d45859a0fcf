"""One spider for each way to leak; a comment names the line to be found."""

import asyncio
import collections
import functools
import logging
import logging.handlers
import weakref

from scrapy import Request, signals
from scrapy.loader import ItemLoader
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet import defer
from twisted.python.failure import Failure

from shop.base import Shop

LATER = {"priority": -5}
SEEN = []


def product(response):
    return response.url.replace("listing", "product")


class Meta(Shop):
    name = "meta"

    def parse_listing(self, response):
        yield response.follow(
            product(response),
            self.parse_product,
            meta={"referer": response},  # here: meta
            **LATER,
        )


class CbKwargs(Shop):
    name = "cb_kwargs"

    def parse_listing(self, response):
        request = Request(product(response), self.parse_product, **LATER)
        request.cb_kwargs["referer"] = response  # here: cb_kwargs
        yield request


class Nested(Shop):
    name = "nested"

    def parse_listing(self, response):
        meta = {"ctx": {"pages": [response]}}  # here: nested
        yield Request(product(response), self.parse_product, meta=meta, **LATER)


class Lambda(Shop):
    name = "lambda"

    def parse_listing(self, response):
        callback = lambda page: self.log(response.url)  # noqa: E731  # here: lambda
        yield Request(product(response), callback, **LATER)


class NestedFunction(Shop):
    name = "nested_function"

    def parse_listing(self, response):
        def failed(failure):  # here: nested_function
            self.log(response.url)

        yield Request(product(response), self.parse_product, errback=failed, **LATER)


class Partial(Shop):
    name = "partial"

    def parse_listing(self, response):
        call = functools.partial(self.parse_product, old=response)  # here: partial
        yield Request(product(response), call, **LATER)


class Helper:
    def __init__(self, response):
        self.response = response

    def parse_detail(self, response):  # here: bound_method
        pass


class BoundMethod(Shop):
    name = "bound_method"

    def parse_listing(self, response):
        yield Request(product(response), Helper(response).parse_detail, **LATER)


class AttributeList(Shop):
    name = "attribute_list"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages = []

    def parse_listing(self, response):
        self.pages.append(response)  # here: attribute_list


class AttributeDict(Shop):
    name = "attribute_dict"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages = {}

    def parse_listing(self, response):
        self.pages[response.url] = response  # here: attribute_dict


class AttributeSet(Shop):
    name = "attribute_set"
    pages = None

    def parse_listing(self, response):
        if self.pages is None:
            self.pages = set()
        self.pages.add(response)  # here: attribute_set


class AttributeDeque(Shop):
    name = "attribute_deque"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages = collections.deque()

    def parse_listing(self, response):
        self.pages.appendleft(response)  # here: attribute_deque


class AttributeDefaultdict(Shop):
    name = "attribute_defaultdict"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages = collections.defaultdict(list)

    def parse_listing(self, response):
        self.pages[response.url[-1]].append(response)  # here: attribute_defaultdict


class Page:
    def __init__(self, response):
        self.response = response


class AttributeObjects(Shop):
    name = "attribute_objects"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages = []

    def parse_listing(self, response):
        self.pages.append(Page(response))  # here: attribute_objects


class ClassAttribute(Shop):
    name = "class_attribute"
    kept = []

    def parse_listing(self, response):
        ClassAttribute.kept.append(response)  # here: class_attribute


class ModuleGlobal(Shop):
    name = "module_global"

    def parse_listing(self, response):
        SEEN.append(response)  # here: module_global


class ItemShop(Shop):
    def parse_listing(self, response):
        yield {"page": response}


class PipelineSpider(ItemShop):
    name = "pipeline"


class SpiderMiddlewareSpider(Shop):
    name = "spider_middleware"

    def parse_listing(self, response):
        pass


class DownloaderMiddlewareSpider(SpiderMiddlewareSpider):
    name = "downloader_middleware"


class ExtensionSpider(SpiderMiddlewareSpider):
    name = "extension"


class LruCache(Shop):
    name = "lru_cache"

    def parse_listing(self, response):
        self.title(response)

    @functools.cache  # noqa: B019
    def title(self, response):  # here: lru_cache
        return response.css("title::text").get()


@functools.cache
def links(response):  # here: cache_function
    return response.css("a")


class CacheFunction(Shop):
    name = "cache_function"

    def parse_listing(self, response):
        links(response)


class SelectorRow(Shop):
    name = "selector_row"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rows = []

    def parse_listing(self, response):
        self.rows.append(response.css("li")[0])  # here: selector_row


class SelectorMeta(Shop):
    name = "selector_meta"

    def parse_listing(self, response):
        for row in response.css("li"):
            yield Request(
                product(response),
                self.parse_product,
                meta={"row": row},  # here: selector_meta
                dont_filter=True,
                **LATER,
            )


class Loader(Shop):
    name = "loader"

    def parse_listing(self, response):
        loader = ItemLoader(item={}, response=response)
        yield Request(
            product(response),
            self.parse_product,
            meta={"loader": loader},  # here: loader
            **LATER,
        )


class StoredFailure(Shop):
    name = "stored_failure"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.failures = []

    def parse_listing(self, response):
        try:
            self.check(response)
        except ValueError:
            self.failures.append(Failure())  # here: stored_failure

    def check(self, page):
        raise ValueError("no price")


class StoredException(Shop):
    name = "stored_exception"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.errors = []

    def parse_listing(self, response):
        try:
            self.check(response)
        except ValueError as error:
            self.errors.append(error)  # here: stored_exception

    def check(self, page):
        raise ValueError("no price")


class SuspendedGenerator(Shop):
    name = "suspended_generator"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.walks = []

    def parse_listing(self, response):
        walk = self.walk(response)
        next(walk)
        self.walks.append(walk)

    def walk(self, page):
        yield page.url  # here: suspended_generator
        yield page.status


class AsyncGenerator(Shop):
    name = "async_generator"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.walks = []

    async def parse_listing(self, response):
        walk = self.walk(response)
        await walk.__anext__()
        self.walks.append(walk)

    async def walk(self, page):
        yield page.url  # here: async_generator
        yield page.status


class WaitingTask(Shop):
    name = "waiting_task"

    def parse_listing(self, response):
        task = asyncio.ensure_future(self.linger(response))
        task.set_name("lingering")

    async def linger(self, page):
        await asyncio.sleep(3600)  # here: waiting_task
        self.log(page.url)


class WaitingCallback(Shop):
    name = "waiting_callback"
    custom_settings = {"SCRAPER_SLOT_MAX_ACTIVE_SIZE": 10**9}

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.waiting = []

    async def parse_listing(self, response):
        answer = defer.Deferred()
        self.waiting.append(answer)
        await maybe_deferred_to_future(answer)  # here: waiting_callback
        self.log(response.url)


class DeferredCallback(Shop):
    name = "deferred_callback"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.waiting = []

    def parse_listing(self, response):
        answer = defer.Deferred()
        answer.addCallback(self.answered, response)  # here: deferred_callback
        self.waiting.append(answer)

    def answered(self, result, page):
        pass


class CallLater(Shop):
    name = "call_later"

    def parse_listing(self, response):
        from twisted.internet import reactor

        reactor.callLater(3600, self.check_again, response)  # here: call_later

    def check_again(self, page):
        pass


class LoopCallLater(Shop):
    name = "loop_call_later"

    def parse_listing(self, response):
        loop = asyncio.get_event_loop()
        loop.call_later(3600, self.check_again, response)  # here: loop_call_later

    def check_again(self, page):
        pass


class SignalReceiver(Shop):
    name = "signal_receiver"

    def parse_listing(self, response):
        def closed(spider):  # here: signal_receiver
            self.log(response.url)

        self.crawler.signals.connect(closed, signals.spider_closed, weak=False)


class LoggingHandler(Shop):
    name = "logging_handler"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.audit = logging.getLogger("shop.audit")
        self.audit.addHandler(logging.handlers.MemoryHandler(10_000, flushLevel=99))

    def parse_listing(self, response):
        self.audit.warning("seen %s", response)  # here: logging_handler


class Note:
    def __init__(self, response):
        self.about = response


class WeakKeys(Shop):
    name = "weak_keys"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.notes = weakref.WeakKeyDictionary()

    def parse_listing(self, response):
        self.notes[response] = Note(response)  # here: weak_keys


class Chain(Shop):
    name = "chain"

    def parse(self, response, previous=None, number=0):
        yield Request(
            response.urljoin(f"/listing/{number}"),
            self.parse,
            cb_kwargs={"previous": response, "number": number + 1},  # here: chain
        )


class Library(Shop):
    name = "library"

    def parse_listing(self, response):
        yield {"page": response}


class TwoHolders(Shop):
    name = "two_holders"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.even = []
        self.odd = []

    def parse_listing(self, response):
        if int(response.url.rpartition("/")[2]) % 2:
            self.odd.append(response)
        else:
            self.even.append(response)


class Healthy(Shop):
    name = "healthy"

    def parse_listing(self, response):
        yield Request(product(response), self.parse_product)
