"""A simulated fleet: the pages of so many crawlers, as the exporter makes them."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.export.prometheus.page import Page
from scrapy_leakwatch.records import Costs, LiveCount, Numbers

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Iterator

SPIDERS = 50
"""So many crawlers have a name each; others are further instances of them."""
LEAKING = 7
"""The crawlers of one spider leak."""

CLASSES = (
    *("Request", "HtmlResponse", "Selector", "ProductItem", "TextResponse"),
    *("SelectorList", "Failure", "Deferred", "JsonResponse", "ShopSpider"),
)
OWNERS = (
    *("scheduler memory queue", "DuplicatesPipeline", "UploadPipeline", "downloader"),
    *("stats", "shop.cache", "reactor and event loop", "HttpCacheMiddleware"),
    "RetryMiddleware",
)
RESOURCES = {
    "threads": 12,
    "files": 8,
    "sockets": 20,
    "children": 1,
    "timers": 40,
    "tasks": 18,
    "pool_queue": 0,
}
LIMIT = 4 * 1024**3
RATE = 20.0
"""Responses a second."""
TOLD_AT = 20_000
"""Kept responses."""
KEPT_BYTES = 100_000
"""A response that is kept."""


def spider(crawler: int) -> str:
    """Return the name of the spider that a crawler runs."""
    return f"spider_{crawler % SPIDERS}"


def leaks(crawler: int) -> bool:
    """Return whether it keeps each second response."""
    return crawler % SPIDERS == LEAKING


def numbers(crawler: int, age_s: float) -> Numbers:
    """Return what a crawler says at an age."""
    received = int(RATE * age_s)
    kept = received // 2 if leaks(crawler) else 0
    wave = int(age_s) % 60
    memory = 150_000_000 + 100_000 * wave + KEPT_BYTES * kept
    children = 300_000_000 + 500_000 * wave
    live = (LiveCount(name, 5 + wave + kept, 200 + kept, age_s) for name in CLASSES)
    owners = dict.fromkeys(OWNERS, 1000000 + 10000 * wave)
    owners[f"spider {spider(crawler)}"] = 2_000_000 + KEPT_BYTES * kept
    healthy = Numbers(
        project="shop",
        spider=spider(crawler),
        samples=int(age_s / 10),
        received=received,
        live=tuple(live),
        requests={"unaccounted": 0},
        responses={"unaccounted": kept},
        memory={"rss": memory, "children": children},
        resources=RESOURCES,
        owners=owners,
        costs=Costs(age_s * 3e-4, 2e-3, 1e-2, 2e-2, 0.3, 1.5, 50_000_000),
    )
    if kept < TOLD_AT:
        return healthy
    left_s = (LIMIT - memory) / (KEPT_BYTES * RATE / 2)
    verdicts = {**healthy.verdicts, "leak": 1}
    return replace(
        healthy, level=2, verdicts=verdicts, forecast_s=max(left_s, 0.0), worst="leak"
    )


class Fleet:
    """Crawlers whose pages one port serves, each at a path of its own."""

    def __init__(self, crawlers: int, sped_up: float) -> None:
        self.crawlers = crawlers
        self.port = 0
        self._sped_up = sped_up
        self._begun = time.monotonic()

    @property
    def targets(self) -> list[dict[str, Any]]:
        """What a service discovery says of them."""
        return [
            {
                "targets": [f"127.0.0.1:{self.port}"],
                "labels": {
                    "__metrics_path__": f"/{crawler}",
                    "instance": f"crawler-{crawler}",
                },
            }
            for crawler in range(self.crawlers)
        ]

    def page(self, crawler: int) -> bytes:
        """Return the page of a crawler as it is now."""
        age_s = self._sped_up * (time.monotonic() - self._begun)
        return Page(lambda: [numbers(crawler, age_s)]).text()

    async def serve(self, ready: threading.Event) -> None:
        """Serve until it is stopped."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._answer, "127.0.0.1", 0, backlog=self.crawlers
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()

    def stop(self) -> None:
        """Have `serve` end."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                page = self.page(int(head.split()[1][1:]))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(page) + page
                )
                await writer.drain()
        writer.transport.abort()


@contextmanager
def fleet(crawlers: int, sped_up: float = 1.0) -> Iterator[Fleet]:
    """Serve the pages of so many crawlers, which live so much faster than real ones."""
    serves, ready = Fleet(crawlers, sped_up), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serves.serve(ready)))
    thread.start()
    ready.wait()
    try:
        yield serves
    finally:
        serves.stop()
        thread.join()
