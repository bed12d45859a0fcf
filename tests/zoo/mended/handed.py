"""The spiders that hand on more than is done, mended."""

from __future__ import annotations

import queue

from lxml import html

from tests.zoo.animals import handed


class SlowLog(handed.SlowLog):
    def make(self):
        return Storing()


class Storing(handed.Storing):
    """Has the texts of some records, and drops what finds no room."""

    most = 20

    def emit(self, record):
        try:
            self.records.put_nowait(self.format(record))
        except queue.Full:
            self.dropped = True

    def close(self):
        while not self.records.empty():
            self.records.get()
        super().close()


class SmartStrings(handed.SmartStrings):
    def parse(self, response):
        tree = html.fromstring(response.text)
        (title,) = tree.xpath("//title/text()")
        self.titles[response.url] = str(title)
