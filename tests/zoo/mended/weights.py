"""The spiders that keep few things, and heavy ones, mended."""

from __future__ import annotations

import io
import sqlite3
from functools import partial

from scrapy.dupefilters import RFPDupeFilter

from tests.zoo.animals import caches, registries, weights
from tests.zoo.animals.weights import MEGABYTE, number_of

PAGES = 20


class GrowingBuffers(weights.GrowingBuffers):
    def parse(self, response):
        yield from super().parse(response)
        if len(self.raw) > MEGABYTE:
            with open("raw", "ab") as file:
                file.write(self.raw)
            self.raw.clear()


class Uploading(weights.Uploading):
    def process_item(self, item):
        if self.buffer.tell() > MEGABYTE:
            with open("upload", "ab") as file:
                file.write(self.buffer.getbuffer())
            self.buffer = io.BytesIO()
        return super().process_item(item)


class GrowingText(weights.GrowingText):
    def parse(self, response):
        super().parse(response)
        if len(self.report) > MEGABYTE:
            with open("report", "a") as file:
                file.write(self.report)
            with open("lengths", "ab") as file:
                self.lengths.tofile(file)
            self.report = ""
            del self.lengths[:]


class TooLargeCache(weights.TooLargeCache):
    most = PAGES


class FewLargeOnes(weights.FewLargeOnes):
    def parse(self, response):
        super().parse(response)
        if len(self.images) >= PAGES // 4:
            for number, image in enumerate(self.images):
                with open(f"{number}.png", "wb") as file:
                    file.write(image)
            self.images.clear()
        while len(self.documents) > PAGES:
            self.documents.pop(next(iter(self.documents)))


class EmptiedSlowly(weights.EmptiedSlowly):
    def parse(self, response):
        super().parse(response)
        while len(self.pending) > PAGES:
            self.pending.pop(next(iter(self.pending)))
        key = number_of(response) % 40
        self.notes[key] = self.notes[key][-MEGABYTE // 4 :]


class Storing(weights.Storing):
    place = "pages.db"


class LoggerForEach(registries.LoggerForEach):
    def parse(self, response):
        logger = registries.logging.getLogger("pages")
        path = response.url.partition("?")[0]
        logger.debug("seen %s %s", path, registries.LONG)


class Warned(registries.Warned):
    def parse(self, response):
        registries.warnings.warn("this page is old", stacklevel=1)
        self.logger.debug("old: %s", response.url)
        registries.shelf_library.count("pages", response.status)


class StatsForEach(registries.StatsForEach):
    def parse(self, response):
        for _ in range(150):
            self.crawler.stats.inc_value(f"seen/{response.status}")


class KeepingContent(caches.KeepingContent):
    def item_completed(self, results, item, info):
        info.downloaded.clear()
        return super().item_completed(results, item, info)


class Memoised(caches.Memoised):
    bounded = partial(registries.shelf_library.remember, most=PAGES)
    text_of = staticmethod(bounded(caches.text_of.__wrapped__))


class JarForEach(caches.JarForEach):
    def page(self, number, **kwargs):
        return super().page(number % 10).replace(url=super().page(number).url)


class OnDisk(RFPDupeFilter):
    """Has the fingerprints in a table on disk."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = sqlite3.connect("seen.db")
        self.seen.execute("create table seen (fingerprint text primary key)")

    def request_seen(self, request):
        row = (self.request_fingerprint(request),)
        insert = "insert or ignore into seen values (?)"
        return self.seen.execute(insert, row).rowcount == 0

    def close(self, reason):
        super().close(reason)
        self.seen.close()
