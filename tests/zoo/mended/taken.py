"""The spiders that take something on every few pages, mended."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.zoo.animals import browsing, handlers, taken


class ThreadOfEachPage(taken.ThreadOfEachPage):
    """Has one thread for all pages."""

    thread = None

    def take(self, response):
        if self.thread is None:
            self.thread = threading.Thread(target=self.poll, daemon=True)
            self.thread.start()

    def closed(self, reason):
        self.ended.set()
        self.thread.join()


class ExecutorOfEachPage(taken.ExecutorOfEachPage):
    """Has one pool for all pages."""

    def take(self, response):
        if not self.pools:
            self.pools.append(ThreadPoolExecutor(max_workers=2))
        self.pools[0].submit(time.sleep, 0.01)

    def closed(self, reason):
        self.pools[0].shutdown()


class FileOfEachPage(taken.FileOfEachPage):
    def take(self, response):
        with open(os.devnull, "wb") as file:
            file.write(response.body)


class SocketOfEachPage(taken.SocketOfEachPage):
    def take(self, response):
        socket.create_connection(self.address).close()


class TimerOfEachPage(taken.TimerOfEachPage):
    """Has a timer cancelled when the next page comes."""

    timer = None

    def take(self, response):
        from twisted.internet import reactor

        if self.timer is not None:
            self.timer.cancel()
        self.timer = reactor.callLater(3600, self.forget, response.url)

    def closed(self, reason):
        self.timer.cancel()


class TaskOfEachPage(taken.TaskOfEachPage):
    """Has a task cancelled when the next page comes."""

    def take(self, response):
        for task in self.tasks:
            task.cancel()
        task = asyncio.create_task(self.watch())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def closed(self, reason):
        for task in self.tasks:
            task.cancel()


class SessionOfEachPage(taken.SessionOfEachPage):
    async def parse(self, response):
        import aiohttp

        self.seen += 1
        if self.seen % taken.EVERY == 0:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.site}/page/1") as answer,
            ):
                await answer.read()


class SessionsByUrl(taken.SessionsByUrl):
    """Makes one session for the whole crawl."""

    async def parse(self, response):
        import aiohttp

        if not self.sessions:
            self.sessions["all"] = aiohttp.ClientSession()

    async def closed(self, reason):
        await self.sessions["all"].close()


class ProxyForEachPage(handlers.ProxyForEachPage):
    """Takes turns with 20 proxies."""

    def page(self, number, **kwargs):
        request = super().page(number, **kwargs)
        request.meta.update(super().page(number % 20).meta)
        return request


class PagesLeftOpen(browsing.PagesLeftOpen):
    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}
        await page.close()


class ContextsLeftOpen(browsing.ContextsLeftOpen):
    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}
        await page.close()
        await page.context.close()


class PagesRunOut(PagesLeftOpen, browsing.PagesRunOut):
    pass
