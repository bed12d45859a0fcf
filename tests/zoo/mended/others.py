"""The spiders that stall, log, make classes and leave work to processes, mended."""

from __future__ import annotations

import collections
import subprocess
import sys

from scrapy import Field, Item
from scrapy.pipelines import images
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred

from tests.zoo.animals import classes, records, stalls, workers
from tests.zoo.animals.installed import MendedPipeline


class NeverAnswered(stalls.NeverAnswered):
    """Waits for no answer longer than a while."""

    async def parse(self, response):
        from twisted.internet import reactor

        answer = Deferred()
        answer.addTimeout(self.patience_s(), reactor).addErrback(lambda _: "too late")
        yield {"answer": await maybe_deferred_to_future(answer)}

    def patience_s(self):
        return self.settings.getfloat("WITNESS_SECONDS")


class SomeNeverEnd(NeverAnswered, stalls.SomeNeverEnd):
    def patience_s(self):
        return 0.5

    async def parse(self, response):
        if response.url.endswith("0"):
            async for item in NeverAnswered.parse(self, response):
                yield item


class Forgetful(stalls.Forgetful):
    """Waits for no store longer than a while."""

    @classmethod
    def from_crawler(cls, crawler):
        pipeline = cls()
        pipeline.seconds = crawler.settings.getfloat("WITNESS_SECONDS")
        return pipeline

    def process_item(self, item):
        from twisted.internet import reactor

        stored = super().process_item(item)
        return stored.addTimeout(self.seconds, reactor).addErrback(lambda _: item)


class Recorder(records.Recorder):
    """Keeps the texts of the latest."""

    def __init__(self):
        super().__init__()
        self.records = collections.deque(maxlen=200)

    def emit(self, record):
        self.records.append(self.format(record))


class Recording(records.Recording):
    def make(self):
        return Recorder()


class Page(Item):
    """Made once, at the top of its module."""

    url = Field()
    title = Field()


class ClassOfEachPage(classes.ClassOfEachPage):
    def parse(self, response):
        for _ in range(5):
            yield Page(url=response.url)


class Parser(classes.Parsing):
    def __init__(self, url):
        self.url = url


class RegisteredClasses(classes.RegisteredClasses):
    def parse(self, response):
        for _ in range(3):
            parser = Parser(response.url)
        yield {"url": parser.url}


class ItemsOfOwnClasses(classes.ItemsOfOwnClasses):
    def parse(self, response):
        self.items.append(Page(url=response.url)["url"])
        del self.items[:-10]


class CachedFunctions(classes.CachedFunctions):
    def parse(self, response):
        yield {"title": self.title_of(response)}

    def title_of(self, response):
        return response.css("title").get()


def extract(url: str) -> int:
    return len(url * (workers.PAGE // len(url)))


class Extracting(workers.Extracting):
    """Has a function that keeps nothing."""

    work = staticmethod(extract)


class HelperGrows(workers.HelperGrows):
    """Starts its process anew every fifty pages."""

    sent = 0

    def parse(self, response):
        yield from super().parse(response)
        self.sent += 1
        if self.sent % 50 == 0:
            self.helper.communicate()
            arguments = [sys.executable, "-c", workers.HELPER, str(self.kept)]
            self.helper = subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True)


class ImagesPipeline(MendedPipeline, images.ImagesPipeline):
    """Keeps failures without what led to them."""
