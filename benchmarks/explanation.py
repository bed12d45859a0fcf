"""What it costs to say who holds N leaked responses, for us and for our peers.

Each tool works on the same heap, in a crawl of its own: N responses, each in the
``meta`` of a request in the scheduler's queue. The reactor's pause is the longest
gap of a ticker of 1 ms; a bare fork of the same process is timed beside it. No tool
gets more than 5 minutes or 14 GB. Run::

    pip install python-leak-hunter objgraph pympler
    python benchmarks/explanation.py [N ...]
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import psutil
import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import HtmlResponse
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.explain import Explanation, Question, explain_in_child
from scrapy_leakwatch.internals.versions import engine_of, engine_slot

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (50_000, 300_000, 1_000_000)
LIMIT_S = 300
MEMORY = 14 << 30
FORKS = 5
BODY = b"<html><body>" + b"<p>A fine thing to have.</p>" * 20 + b"</body></html>"


class Ticker:
    """Measures how long the event loop stands still."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now

    def stop(self) -> float:
        """Return the longest gap in milliseconds."""
        self._task.cancel()
        return 1000 * self.longest


class Bench(scrapy.Spider):
    """Measures one tool in its only callback."""

    name = "bench"
    start_urls = ("data:,",)

    async def parse(self, _: Any) -> None:
        """Leak, let the loop settle, and measure."""
        tool, size = sys.argv[2], int(sys.argv[3])
        self.crawler.engine.pause()
        slot: Any = engine_slot(engine_of(self.crawler))
        for number in range(size):
            url = f"data:,{number}"
            page = HtmlResponse(url, body=BODY + b"%d" % number)
            request = scrapy.Request(url, self.parse_page, meta={"referer": page})
            page.request = request
            slot.scheduler.mqs.push(request)
        forks = [await bare_fork() for _ in range(FORKS)]
        ticker = Ticker()
        await settle()
        ticker.longest = 0.0
        begun = time.perf_counter()
        found = await TOOLS[tool](self.crawler)
        answered = time.perf_counter() - begun
        await asyncio.sleep(0.01)
        result = {
            "rss": psutil.Process().memory_info().rss,
            "fork_ms": statistics.median(forks),
            "pause_ms": ticker.stop(),
            "answer_s": answered,
            "found": found,
        }
        print(json.dumps(result), flush=True)
        os._exit(0)

    def parse_page(self, response: Any) -> None:
        """Never called: the engine is paused."""


async def settle() -> None:
    """Bring the process into the same state before each fork.

    A fork right after another is twice as fast: the pages are still protected.
    The collector writes to all of them, as it does in a crawl.
    """
    gc.collect()
    await asyncio.sleep(0.2)


async def bare_fork() -> float:
    """Return the milliseconds that a fork alone takes."""
    await settle()
    begun = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    taken = 1000 * (time.perf_counter() - begun)
    os.waitpid(pid, 0)
    return taken


async def leakwatch(crawler: Any) -> str:
    """Ask our child, as the extension does."""
    table = live_refs[HtmlResponse]
    path = class_path(HtmlResponse)
    question = Question("HtmlResponse", path, "bench", len(table), len(table))
    asked = explain_in_child(question, (HtmlResponse,), crawler, 120.0)
    while (found := asked.poll()) is None:
        await asyncio.sleep(0.001)
    if not isinstance(found, Explanation):
        return found.reason
    child = found.effort.child_memory_bytes / 1e6
    counts = found.counts
    held = f"{counts.held:,} of {counts.examined:,} by {found.holder}"
    return f"{held}; stall {found.effort.stall_ms:.1f} ms, child {child:.1f} MB"


async def guppy(_: Any) -> str:
    """Ask Guppy for the responses by what refers to them."""
    from guppy import hpy  # noqa: PLC0415

    return str((hpy().heap() & HtmlResponse).byvia)[:60]


async def leak_hunter(_: Any) -> str:
    """Ask python-leak-hunter."""
    from leak_hunter import why_alive  # noqa: PLC0415

    return str(why_alive(HtmlResponse))[:60]


async def objgraph(_: Any) -> str:
    """Ask objgraph for the chain to a module of one response."""
    import objgraph  # noqa: PLC0415

    page = next(iter(live_refs[HtmlResponse]))
    chain = objgraph.find_backref_chain(page, objgraph.is_proper_module, max_depth=20)
    return f"a chain of {len(chain)}"


async def pympler(_: Any) -> str:
    """Ask Pympler for a summary of the heap, and what refers to one response."""
    from pympler import muppy, refbrowser, summary  # noqa: PLC0415

    summary.summarize(muppy.get_objects())
    page = next(iter(live_refs[HtmlResponse]))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        refbrowser.ConsoleBrowser(page, maxdepth=4, str_func=_type_name).print_tree()
    return f"{out.getvalue().count(chr(10))} lines"


def _type_name(obj: object) -> str:
    return type(obj).__name__


TOOLS: dict[str, Callable[[Any], Any]] = {
    "leakwatch": leakwatch,
    "guppy": guppy,
    "leak_hunter": leak_hunter,
    "objgraph": objgraph,
    "pympler": pympler,
}


def measure(tool: str, size: int) -> str:
    """Return a row of the table."""
    command = [sys.executable, __file__, "--one", tool, str(size)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{size:>10,}  {tool:<12} no answer within {LIMIT_S} s"
    if not done.stdout:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"{size:>10,}  {tool:<12} failed: {last}"
    row = json.loads(done.stdout.splitlines()[-1])
    return (
        f"{size:>10,}  {tool:<12} {row['rss'] / 1e6:>7,.0f} MB"
        f"  fork {row['fork_ms']:>6.1f} ms  pause {row['pause_ms']:>10,.1f} ms"
        f"  answer {row['answer_s']:>7.2f} s  {row['found']!r}"
    )


def main() -> None:
    """Measure one tool, or all of them at each size."""
    if sys.argv[1:2] == ["--one"]:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
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
        for tool in TOOLS:
            absent = tool != "leakwatch" and find_spec(tool) is None
            row = f"{tool} is not installed" if absent else measure(tool, size)
            print(row, flush=True)


if __name__ == "__main__":
    main()
