"""Spiders that hand on more than is done, and heavy strings; a comment names the line.

They are those that people reported again and again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time

from lxml import html
from scrapy.pipelines.files import FilesPipeline
from twisted.internet.threads import deferToThread

from scrapy_leakwatch.internals import paths
from tests.zoo.animals.base import Visitor
from tests.zoo.animals.weights import Padded, copy_of


class SlowUploads(Visitor):
    """Has a file for each page, which takes longer to upload than to download."""

    name = "slow_uploads"
    path = "/page/{}?ms=50"

    def parse(self, response):
        number = response.url.partition("?")[0].rpartition("/")[2]
        yield {"file_urls": [f"{self.site}/file/{number}?kb=500&ms=20"]}


class SlowStore:
    """Uploads each file in a thread of the reactor, until the crawl closes."""

    seconds = 3.0
    crawler = None

    def __init__(self, uri):
        pass

    def stat_file(self, path, info):
        return {}

    def persist_file(self, path, buf, info, meta=None, headers=None):
        return deferToThread(self.upload, path, buf.getvalue())  # here: uploads

    def upload(self, path, content):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and not self.is_closing():
            time.sleep(0.05)

    def is_closing(self):
        return paths.follow(self.crawler, paths.ENGINE_SLOT).closing is not None


class RemoteFiles(FilesPipeline):
    STORE_SCHEMES = {**FilesPipeline.STORE_SCHEMES, "slow": SlowStore}

    @classmethod
    def from_crawler(cls, crawler):
        SlowStore.crawler = crawler
        return super().from_crawler(crawler)


class SlowLog(Padded):
    """Has the records of its log stored by a thread that is slower."""

    name = "slow_log"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.handler = self.make()
        logging.getLogger("slow_log.pages").addHandler(self.handler)

    def make(self):
        return Storing()

    def parse(self, response):
        text = copy_of(response)
        logging.getLogger("slow_log.pages").warning("%.20s", text)  # here: logs
        yield {"url": response.url}

    def closed(self, reason):
        logging.getLogger("slow_log.pages").removeHandler(self.handler)
        self.handler.close()


class Storing(logging.Handler):
    """Puts each record into a queue, from which a thread takes it."""

    seconds = 0.3
    most = 0

    def __init__(self):
        super().__init__()
        self.records = queue.Queue(self.most)
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def emit(self, record):
        self.records.put(record)  # here: log_records

    def work(self):
        while self.records.get():
            self.closing.wait(self.seconds)

    def close(self):
        self.closing.set()
        self.records.put(None)
        self.thread.join()
        super().close()


class SmartStrings(Padded):
    """Keeps the title of each page as lxml gives it, with the tree of the page."""

    name = "smart_strings"
    path = "/tree/{}?links=250&ms=400"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.titles = {}

    def parse(self, response):
        tree = html.fromstring(response.text)
        (title,) = tree.xpath("//title/text()")
        self.titles[response.url] = title  # here: smart_strings
