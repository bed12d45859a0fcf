"""More spiders that keep pages, mended."""

from __future__ import annotations

import json
from tempfile import TemporaryFile

from scrapy import Request

from tests.zoo.animals import handlers, leaks, spans

AT_WORK = 10
"""Pages that something is still to be done with."""


class OneInFour(leaks.OneInFour):
    def parse(self, response):
        self.seen += 1
        if self.seen % 4 == 0:
            self.kept.append(response.url)
            del self.kept[:-AT_WORK]


class Late(leaks.Late):
    def parse(self, response):
        self.seen += 1
        if self.seen > 600:
            self.kept.append(response.url)
            del self.kept[:-AT_WORK]


class BesideABacklog(leaks.BesideABacklog):
    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse, cb_kwargs={"referer": response.url})

    def parse(self, response, referer=None):
        yield from super().parse(response)


class KeepingAll(leaks.KeepingAll):
    def __init__(self):
        super().__init__()
        self.file = TemporaryFile("w+")  # noqa: SIM115, until the crawl closes

    def process_item(self, item):
        print(json.dumps(dict(item)), file=self.file)
        return item

    def close_spider(self):
        self.file.close()


class KeptRequests(leaks.KeptRequests):
    def parse(self, response):
        self.unsent.append(Request(response.url + "?again").url)
        del self.unsent[:-AT_WORK]


class AmongTheDead(leaks.AmongTheDead):
    def parse(self, response):
        response.meta["page"] = response
        self.seen += 1
        if self.seen % 4 == 0:
            self.kept.append(response.url)
            del self.kept[:-AT_WORK]


class KeepsUrl:
    """Keeps the URL of each page."""

    def parse(self, response):
        self.kept.append(response.url)
        del self.kept[:-AT_WORK]


class GcIsOff(KeepsUrl, leaks.GcIsOff):
    pass


class BesideACache(leaks.BesideACache):
    def parse(self, response):
        self.last.append(response)
        self.kept.append(response.url)
        del self.kept[:-AT_WORK]


class AfterAnotherCrawl(KeepsUrl, leaks.AfterAnotherCrawl):
    pass


class DownloadedInline(leaks.DownloadedInline):
    async def parse(self, response):
        more = await self.crawler.engine.download_async(Request(response.url + "?more"))
        self.kept.append(more.url)
        del self.kept[:-AT_WORK]


class TrackedClass(leaks.TrackedClass):
    def parse(self, response):
        self.offers.append(leaks.Offer(response.url).url)
        del self.offers[:-AT_WORK]


class KeptByThreads(leaks.KeptByThreads):
    def look_at(self, response):
        pages = vars(leaks.OF_THREAD).setdefault("pages", [])
        pages.append(response.url)
        del pages[:-AT_WORK]


class SlowLeak(KeepsUrl, spans.SlowLeak):
    pass


class KeptPages(KeepsUrl, handlers.KeptPages):
    pass
