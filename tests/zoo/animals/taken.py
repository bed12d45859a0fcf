"""Spiders that take something on every few pages; a comment names the line."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.zoo.animals.base import Visitor

EVERY = 5
POOL = 40


class Taker(Visitor):
    """Calls ``take`` on every fifth page."""

    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen % EVERY == 0:
            self.take(response)
        yield from super().parse(response)

    @property
    def address(self):
        place = urlsplit(self.site)
        return place.hostname, place.port


class ThreadOfEachPage(Taker):
    name = "thread_of_each_page"
    ended = threading.Event()

    def take(self, response):
        thread = threading.Thread(target=self.poll)  # here: thread_of_each_page
        thread.daemon = True
        thread.start()

    def poll(self):
        self.ended.wait()


class ExecutorOfEachPage(Taker):
    name = "executor_of_each_page"

    def take(self, response):
        pool = ThreadPoolExecutor(max_workers=2)
        pool.submit(time.sleep, 0.01)
        self.pools.append(pool)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pools = []


class FileOfEachPage(Taker):
    name = "file_of_each_page"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.files = []

    def take(self, response):
        file = open(os.devnull, "wb")  # noqa: SIM115 # here: file_of_each_page
        self.files.append(file)


class SocketOfEachPage(Taker):
    name = "socket_of_each_page"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sockets = {}

    def take(self, response):
        opened = socket.create_connection(self.address)  # here: socket_of_each_page
        self.sockets[response.url] = opened


class TimerOfEachPage(Taker):
    name = "timer_of_each_page"

    def take(self, response):
        from twisted.internet import reactor

        reactor.callLater(3600, self.forget, response.url)  # here: timer_of_each_page

    def forget(self, url):
        pass


class TaskOfEachPage(Taker):
    name = "task_of_each_page"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tasks = set()

    def take(self, response):
        self.tasks.add(asyncio.create_task(self.watch()))  # here: task_of_each_page

    async def watch(self):
        await asyncio.sleep(3600)


class SessionOfEachPage(Taker):
    name = "session_of_each_page"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sessions = []

    async def parse(self, response):
        import aiohttp

        self.seen += 1
        if self.seen % EVERY == 0:
            session = aiohttp.ClientSession()
            self.sessions.append(session)  # here: session_of_each_page
            async with session.get(f"{self.site}/page/1") as answer:
                await answer.read()


class SessionsByUrl(Visitor):
    """Has sessions for each page that it does not use yet."""

    name = "sessions_by_url"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sessions = {}

    async def parse(self, response):
        import aiohttp

        for number in range(5):
            url = f"{response.url}#{number}"
            self.sessions[url] = aiohttp.ClientSession()  # here: sessions_by_url


class PoolOfThreads(Taker):
    """Has more and more threads, until its pool is full."""

    name = "pool_of_threads"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pool = ThreadPoolExecutor(max_workers=POOL)

    def take(self, response):
        self.pool.submit(time.sleep, 1)

    def closed(self, reason):
        self.pool.shutdown(cancel_futures=True)


class ClosesFiles(Taker):
    name = "closes_files"

    def take(self, response):
        with open(os.devnull, "wb") as file:
            file.write(response.body)


class PoolOfSockets(Taker):
    """Opens as many connections as its pool has places, and uses those again."""

    name = "pool_of_sockets"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sockets = []

    def take(self, response):
        if len(self.sockets) < POOL:
            self.sockets.append(socket.create_connection(self.address))
        else:
            self.sockets.append(self.sockets.pop(0))

    def closed(self, reason):
        for each in self.sockets:
            each.close()


class ManyProxies(Visitor):
    """Goes through some hundred proxies in turn; to each a connection is kept."""

    name = "many_proxies"
    proxies = 250

    def page(self, number, **kwargs):
        port = urlsplit(self.site).port
        proxy = f"http://proxy{number % self.proxies}.localhost:{port}"
        return super().page(number, meta={"proxy": proxy}, **kwargs)


class BriefTimers(Taker):
    name = "brief_timers"

    def take(self, response):
        from twisted.internet import reactor

        reactor.callLater(0.5, self.forget, response.url)

    def forget(self, url):
        pass


class BriefTasks(Taker):
    name = "brief_tasks"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tasks = set()

    def take(self, response):
        task = asyncio.create_task(asyncio.sleep(0.1))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class OneSession(Taker):
    name = "one_session"
    session = None

    async def parse(self, response):
        import aiohttp

        if self.session is None:
            self.session = aiohttp.ClientSession()
        async with self.session.get(f"{self.site}/page/1") as answer:
            await answer.read()

    async def closed(self, reason):
        await self.session.close()
