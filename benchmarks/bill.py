"""What a memory bill costs on a heap of N leaked responses, and Guppy's beside it.

Each way looks at the same heap, in a crawl and a forked child of its own: N
responses of 2 kB on the spider, each with its request. Told are the crawl's pause,
which is all that is done before the child is on its way, beside a bare fork of the
same process; the seconds until the answer; and the memory that the child did not
share with the crawl. Guppy's is ``hpy().heap()``. Run::

    python benchmarks/bill.py [N ...]
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import HtmlResponse

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.explain import (
    BillRequest,
    bill_in_child,
    guppy_missing,
    profile_in_child,
)
from scrapy_leakwatch.heap import twin, walk

if TYPE_CHECKING:
    from scrapy_leakwatch.explain import Asked

SIZES = (50_000, 300_000, 1_000_000)
WAYS = ("C walk", "Python walk", "Guppy")
LIMIT_S = 900.0
FORKS = 5
BODY = b"<html><body>" + b"<p>A fine thing to have.</p>" * 75 + b"</body></html>"


class Bench(scrapy.Spider):
    """Measures one way in its only callback."""

    name = "bench"
    start_urls = ("data:,",)

    async def parse(self, _: Any) -> None:
        """Leak, let the loop settle, and measure."""
        way, size = sys.argv[2], int(sys.argv[3])
        self.crawler.engine.pause()
        self.pages = []
        for number in range(size):
            url = f"https://shop.example/{number}"
            page = HtmlResponse(url, body=BODY + b"%d" % number)
            page.request = scrapy.Request(url, self.parse, meta={"depth": number})
            self.pages.append(page)
        forks = [bare_fork() for _ in range(FORKS)]
        rss = psutil.Process().memory_info().rss
        settle()
        begun = time.perf_counter()
        asked = ask(way, self.crawler)
        paused = time.perf_counter() - begun
        found = await answer_of(asked)
        result = {
            "rss": rss,
            "fork_ms": statistics.median(forks),
            "pause_ms": 1000 * paused,
            "answer_s": time.perf_counter() - begun,
            "child": getattr(found, "child_memory_bytes", 0),
            "found": in_words(found),
        }
        print(json.dumps(result), flush=True)
        os._exit(0)


def ask(way: str, crawler: Any) -> Asked[Any]:
    """Fork the child that looks."""
    if way == "Guppy":
        return profile_in_child(LIMIT_S)
    if way == "Python walk":
        walk.make = twin.Graph
    return bill_in_child(BillRequest({}, 0), crawler, LIMIT_S)


async def answer_of(asked: Asked[Any]) -> Any:
    """Return the answer; the loop goes on meanwhile."""
    while (found := asked.poll()) is None:
        await asyncio.sleep(0.005)
    return found


def in_words(found: Any) -> str:
    """Return the owner that has most, or why there is no answer."""
    owners = getattr(found, "owners", None)
    if owners:
        named = f"{found.rss_named_share:.0%} named"
        return f"{owners[0].name} {owners[0].bytes / 1e6:,.0f} MB, {named}"
    return str(getattr(found, "text", None) or getattr(found, "reason", found))[:40]


def settle() -> None:
    """Bring the process into the same state before each fork.

    A fork right after another is twice as fast: the pages are still protected.
    The collector writes to all of them, as it does in a crawl.
    """
    gc.collect()
    time.sleep(0.2)


def bare_fork() -> float:
    """Return the milliseconds that a fork alone takes."""
    settle()
    begun = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    taken = 1000 * (time.perf_counter() - begun)
    os.waitpid(pid, 0)
    return taken


def measure(way: str, size: int) -> str:
    """Return a row of the table."""
    command = [sys.executable, __file__, "--one", way, str(size)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{size:>10,}  {way:<12} no answer within {LIMIT_S:.0f} s"
    if not done.stdout:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"{size:>10,}  {way:<12} failed: {last}"
    row = json.loads(done.stdout.splitlines()[-1])
    return (
        f"{size:>10,}  {way:<12} {row['rss'] / 1e6:>7,.0f} MB"
        f"  fork {row['fork_ms']:>6.1f} ms  pause {row['pause_ms']:>6.1f} ms"
        f"  answer {row['answer_s']:>7.2f} s"
        f"  copied {row['child'] / 1e6:>7,.0f} MB = {row['child'] / row['rss']:>4.0%}"
        f"  {row['found']}"
    )


def main() -> None:
    """Measure one way, or all of them at each size."""
    if sys.argv[1:2] == ["--one"]:
        settings = {
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
            "EXTENSIONS": {LeakWatch: None},
        }
        process = CrawlerProcess(settings)
        process.crawl(Bench)
        process.start()
        return
    for size in [int(size) for size in sys.argv[1:]] or SIZES:
        for way in WAYS:
            left_out = guppy_missing() if way == "Guppy" else ""
            print(left_out or measure(way, size), flush=True)


if __name__ == "__main__":
    main()
