"""Components that have child processes, each started in another way."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import subprocess
import sys
import time

from twisted.internet.protocol import ProcessProtocol

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def work() -> None:
    time.sleep(60)


class Starter:
    """Starts a process; ``pid`` is one that it has started."""

    def start(self) -> None:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class ByPopen(Starter):
    def start(self):
        self.process = subprocess.Popen(SLEEP)  # started


class ByPopenOfMany(Starter):
    def start(self):
        self.processes = {}
        self.processes["a"] = subprocess.Popen(SLEEP)  # started

    @property
    def process(self):
        return self.processes["a"]


class ByProcess(Starter):
    def start(self):
        self.process = multiprocessing.Process(target=work)  # started
        self.process.start()

    def end(self):
        self.process.kill()
        self.process.join()


class ByExecutor(Starter):
    method = "fork"

    def start(self):
        context = multiprocessing.get_context(self.method)
        self.pool = concurrent.futures.ProcessPoolExecutor(1, context)  # started
        self.pool.submit(abs, 1).result()

    @property
    def pid(self):
        return next(iter(self.pool._processes))

    def end(self):
        self.pool.shutdown()


class BySpawningExecutor(ByExecutor):
    method = "spawn"


class ByServedExecutor(ByExecutor):
    method = "forkserver"


class ByPool(Starter):
    method = "fork"

    def start(self):
        context = multiprocessing.get_context(self.method)
        self.workers = context.Pool(2)  # started
        self.workers.apply(abs, (1,))

    @property
    def pid(self):
        return self.workers._pool[0].pid

    def end(self):
        self.workers.close()
        self.workers.join()


class ByServedPool(ByPool):
    method = "forkserver"


class ByManager(Starter):
    def start(self):
        self.manager = multiprocessing.get_context("spawn").Manager()  # started
        self.rows = self.manager.list()

    @property
    def pid(self):
        return self.manager._process.pid

    def end(self):
        self.manager.shutdown()


class ByAsyncio(Starter):
    def start(self):
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.begin())

    async def begin(self):
        self.process = await asyncio.create_subprocess_exec(*SLEEP)  # started

    def end(self):
        self.process.kill()
        self.loop.run_until_complete(self.process.wait())
        self.loop.close()


class Driver:
    """What a library has around its process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(SLEEP)


class ByDriver(Starter):
    driver = Driver

    def start(self):
        self.browser = self.driver()  # started

    @property
    def process(self):
        return self.browser.process


class Served(ProcessProtocol):
    """Serves a process of Twisted's."""


class ByTwisted(Starter):
    def start(self):
        from twisted.internet import reactor

        protocol = Served()
        self.process = reactor.spawnProcess(protocol, SLEEP[0], SLEEP)  # started

    def end(self):
        self.process.signalProcess("KILL")
