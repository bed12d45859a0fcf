"""Components that keep records of the log; a comment names the line."""

from __future__ import annotations

import collections
import logging
import logging.handlers

from scrapy import Field, Item
from scrapy.exceptions import DropItem

from tests.zoo.animals.base import Visitor


class Entry(Item):
    url = Field()


class Logs(Visitor):
    """Has the page and the item of each line of the log in its record."""

    name = "logs"

    def parse(self, response):
        yield Entry(url=response.url)


class LogsErrors(Visitor):
    """Raises in one callback of four, and drops the other items."""

    name = "logs_errors"
    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen % 4 == 0:
            raise ValueError(response.url)
        yield Entry(url=response.url)


class Dropping:
    def process_item(self, item):
        raise DropItem("not wanted")


class Logging:
    """Has a handler of the root logger for as long as the crawl."""

    logger = logging.root

    @classmethod
    def from_crawler(cls, crawler):
        from scrapy import signals

        extension = cls()
        extension.handler = extension.make()
        crawler.signals.connect(extension.begin, signals.spider_opened)
        crawler.signals.connect(extension.end, signals.spider_closed)
        return extension

    def begin(self):
        self.logger.addHandler(self.handler)

    def end(self):
        self.logger.removeHandler(self.handler)


class Buffering(Logging):
    """Has all records until one is critical, which none is."""

    def make(self):
        return logging.handlers.MemoryHandler(  # here: buffered_records
            10_000_000, logging.CRITICAL
        )


class Flushing(Logging):
    """Writes the records, a hundred at a time."""

    def make(self):
        target = logging.NullHandler()
        return logging.handlers.MemoryHandler(100, logging.CRITICAL, target)


class Recorder(logging.Handler):
    """Keeps each record, as handlers of tests do."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)  # here: kept_records


class Recording(Logging):
    def make(self):
        return Recorder()


class LatestTexts(logging.Handler):
    """Keeps the text of the latest records."""

    def __init__(self):
        super().__init__()
        self.texts = collections.deque(maxlen=200)

    def emit(self, record):
        self.texts.append(self.format(record))


class Formatting(Logging):
    def make(self):
        return LatestTexts()
