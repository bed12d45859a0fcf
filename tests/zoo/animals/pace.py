"""Healthy spiders whose pages live long, because something takes its time."""

from __future__ import annotations

from scrapy import Request
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import DeferredLock
from twisted.internet.task import deferLater

from tests.zoo.animals.base import Lister, Visitor


async def sleep(seconds):
    """Wait, on any reactor."""
    from twisted.internet import reactor

    await maybe_deferred_to_future(deferLater(reactor, seconds))


class SlowDownloads(Visitor):
    name = "slow_downloads"
    path = "/page/{}?ms=1500"
    at_once = 400


class SlowPipeline(Visitor):
    name = "slow_pipeline"


class SlowlyStoring:
    async def process_item(self, item):
        await sleep(2)
        return item


class OverloadedPipeline(Visitor):
    name = "overloaded_pipeline"


class OneAtATime:
    """Stores fewer items than come: the others wait for the lock."""

    def __init__(self):
        self.lock = DeferredLock()

    async def process_item(self, item):
        await maybe_deferred_to_future(self.lock.acquire())
        await sleep(0.02)
        self.lock.release()
        return item


class BigBodies(Visitor):
    name = "big_bodies"
    path = "/page/{}?kb=1500"

    async def parse(self, response):
        await sleep(0.2)


class RetryStorm(Visitor):
    name = "retry_storm"
    path = "/page/{}?fail=4"


class Throttled(Lister):
    name = "throttled"
    pages = 2000


class FillsTheCache(Lister):
    name = "cached"
    pages = 250


class ReplaysTheCache(Visitor):
    name = "cached"

    def page(self, number, **kwargs):
        return super().page(number % 250, dont_filter=True, **kwargs)


class DownloadsInline(Visitor):
    name = "downloads_inline"

    async def parse(self, response):
        more = await self.crawler.engine.download_async(Request(response.url + "?more"))
        yield {"url": more.url}


class PatientCallbacks(Visitor):
    """Each callback waits a while, as for an answer of another service."""

    name = "patient_callbacks"

    async def parse(self, response):
        await sleep(1.5)
        yield {"url": response.url}


class ShortTimers(Visitor):
    """Looks at each page again a second later."""

    name = "short_timers"

    def parse(self, response):
        from twisted.internet import reactor

        reactor.callLater(1, self.look_again, response)

    def look_again(self, response):
        self.crawler.stats.inc_value("looked_again")


class Redirected(Visitor):
    name = "redirected"
    path = "/hop/{}/5"


class Failing(Visitor):
    """Half of the pages are not there, and the server hangs up on the others."""

    name = "failing"

    def page(self, number, **kwargs):
        how = "status=404" if number % 2 else "drop=1"
        kwargs["errback"] = self.failed
        return Request(f"{self.site}/page/{number}?{how}", **kwargs)

    def failed(self, failure):
        self.crawler.stats.inc_value(f"failed/{failure.type.__name__}")


class Polite(Visitor):
    """Asks for pages that robots.txt forbids, and for others."""

    name = "polite"

    def page(self, number, **kwargs):
        place = "secret" if number % 3 == 0 else "page"
        return Request(f"{self.site}/{place}/{number}", **kwargs)
