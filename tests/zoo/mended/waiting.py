"""The spiders of which something waits, and waits, mended."""

from __future__ import annotations

import asyncio

from twisted.internet.threads import deferToThread

from tests.zoo.animals import waiting


class EachWaits(waiting.EachWaits):
    """Has the first of them begin in time, so that all end."""

    seconds = 0.2


class QueuePipeline(waiting.QueuePipeline):
    most = 20


class ThreadPipeline(waiting.ThreadPipeline):
    """Has as many threads as it takes."""

    threads = 20

    def open_spider(self):
        super().open_spider()
        self.others = [
            waiting.threading.Thread(target=self.store) for _ in range(self.threads)
        ]
        for thread in self.others:
            thread.start()

    def close_spider(self):
        for _ in self.others:
            self.records.put(None)
        super().close_spider()
        for thread in self.others:
            thread.join()


class ProcessPipeline(waiting.ProcessPipeline):
    most = 20

    async def process_item(self, item):
        await asyncio.to_thread(self.queue.put, item["text"] + item["url"])
        return item


class PoolPipeline(waiting.PoolPipeline):
    async def process_item(self, item):
        text = item["text"] + item["url"]
        await asyncio.wrap_future(self.pool.submit(self.upload, text))
        return item


class ReactorPipeline(waiting.ReactorPipeline):
    async def process_item(self, item):
        await deferToThread(self.upload, item["text"] + item["url"])
        return item
