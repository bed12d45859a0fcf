"""The components that never gave anything back, mended."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading

from pydispatch import dispatcher
from scrapy import signals

from tests import takers


class Closing:
    """Has `spider_closed` called."""

    @classmethod
    def from_crawler(cls, crawler):
        taker = super().from_crawler(crawler)
        crawler.signals.connect(taker.spider_closed, signals.spider_closed)
        return taker


class TakesLoopingCall(Closing, takers.TakesLoopingCall):
    def spider_closed(self):
        self.loop.stop()


class TakesDelayedCall(Closing, takers.TakesDelayedCall):
    def spider_opened(self):
        from twisted.internet import reactor

        self.timer = reactor.callLater(3600, self.much_later)

    def spider_closed(self):
        if self.timer.active():
            self.timer.cancel()


class TakesPort(Closing, takers.TakesPort):
    def spider_closed(self):
        return self.port.stopListening()


class TakesTask(Closing, takers.TakesTask):
    def spider_closed(self):
        self.task.cancel()


class TakesTimer(Closing, takers.TakesTimer):
    def spider_opened(self):
        loop = asyncio.get_event_loop()
        self.timer = loop.call_later(3600, self.much_later)

    def spider_closed(self):
        self.timer.cancel()


class TakesServer(Closing, takers.TakesServer):
    async def spider_closed(self):
        self.server.close()
        await self.server.wait_closed()


class TakesThread(Closing, takers.TakesThread):
    def spider_opened(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        self.over.wait(3600)

    def spider_closed(self):
        self.over.set()
        self.thread.join()


class TakesHelper(Closing, takers.TakesHelper):
    def spider_opened(self):
        self.writer = Writer()

    def spider_closed(self):
        self.writer.close()


class Writer(takers.Writer):
    def __init__(self):
        self.over = threading.Event()
        super().__init__()

    def run(self):
        self.over.wait(3600)

    def close(self):
        self.over.set()
        self.thread.join()


class TakesChild(takers.TakesChild):
    def close_spider(self, spider=None):
        self.child.terminate()
        self.child.wait()


class TakesFile(takers.TakesFile):
    def close_spider(self, spider=None):
        self.file.close()


class TakesSocket(Closing, takers.TakesSocket):
    def spider_closed(self):
        self.socket.close()


class TakesDatabase(takers.TakesDatabase):
    def close_spider(self, spider=None):
        self.database.close()


class TakesDirectory(Closing, takers.TakesDirectory):
    def spider_closed(self):
        shutil.rmtree(self.folder)


class TakesReceiver(Closing, takers.TakesReceiver):
    def spider_closed(self):
        receiver, signal = self.item_scraped, signals.item_scraped
        dispatcher.disconnect(receiver, signal, weak=False)


class TakesHandler(Closing, takers.TakesHandler):
    def spider_opened(self):
        self.handler = logging.FileHandler("crawl.log")
        logging.getLogger("shop").addHandler(self.handler)

    def spider_closed(self):
        logging.getLogger("shop").removeHandler(self.handler)
        self.handler.close()
