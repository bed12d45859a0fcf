"""Spiders that hand on more than is done, and heavy strings; a comment names the line.

They are those that people reported again and again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time

import scrapy
from lxml import html
from scrapy.pipelines.files import FilesPipeline
from scrapy.spiders import CSVFeedSpider
from twisted.enterprise import adbapi
from twisted.internet.threads import deferToThread

from tests.zoo.animals.base import Visitor
from tests.zoo.animals.weights import Padded, copy_of


class Interactions(Padded):
    name = "interactions"


class Inserting:
    """Inserts each item by a pool of connections, and returns no Deferred."""

    def __init__(self):
        self.dbpool = adbapi.ConnectionPool(
            "sqlite3", "items.db", check_same_thread=False, cp_min=1, cp_max=3
        )

    def process_item(self, item):
        inserted = self.dbpool.runInteraction(self.insert, dict(item))  # here: inserts
        inserted.addErrback(self.failed)
        return item

    def insert(self, cursor, item):
        time.sleep(0.3)

    def failed(self, failure):
        logging.getLogger("inserting").error(failure.getErrorMessage())

    def close_spider(self):
        self.dbpool.close()


class SlowUploads(Visitor):
    """Has a file for each page, which takes longer to upload than to download."""

    name = "slow_uploads"
    path = "/page/{}?ms=50"

    def parse(self, response):
        number = response.url.partition("?")[0].rpartition("/")[2]
        yield {"file_urls": [f"{self.site}/file/{number}?kb=500&ms=20"]}


class SlowStore:
    """Uploads each file in a thread of the reactor."""

    seconds = 3.0

    def __init__(self, uri):
        pass

    def stat_file(self, path, info):
        return {}

    def persist_file(self, path, buf, info, meta=None, headers=None):
        return deferToThread(self.upload, path, buf.getvalue())  # here: uploads

    def upload(self, path, content):
        time.sleep(self.seconds)


class RemoteFiles(FilesPipeline):
    STORE_SCHEMES = {**FilesPipeline.STORE_SCHEMES, "slow": SlowStore}


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


class RowsOfAFile(CSVFeedSpider):
    """Has a request for each row of one large file."""

    name = "rows_of_a_file"
    rows = 8_000

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.site = site
        self.start_urls = [f"{site}/csv/0?rows={self.rows}"]

    def parse_row(self, response, row):
        yield scrapy.Request(self.site + row["path"], self.parse_page)

    def parse_page(self, response):
        yield {"url": response.url}
