"""What it costs to say who holds N leaked responses, for us and for our peers.

Each tool works on the same heap, in a crawl of its own: N responses, each in the
``meta`` of a request in the scheduler's queue. The reactor's pause is the longest
gap of a ticker of 1 ms; a bare fork of the same process is timed beside it. No tool
gets more than a minute or 14 GB. ``peers.py`` has its table. Run::

    pip install "scrapy-leakwatch[bench]"
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
from typing import TYPE_CHECKING, Any

import psutil
import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import HtmlResponse
from scrapy.utils.trackref import live_refs
from tools import TOOLS, tool_named

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.explain import Explanation, Question, explain_in_child
from scrapy_leakwatch.internals.versions import engine_of, engine_slot

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (50_000, 300_000, 1_000_000)
LIMIT_S = 60
MEMORY = 14 << 30
FORKS = 5
PATIENCE_S = 20.0
NONE_YET = f"no report within {PATIENCE_S:.0f} s"
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
        state = begin(tool)
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
        found = await ask(tool, self.crawler, state)
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


async def report(begun: tuple[Any, Path]) -> str:
    """End what memray traces, and have it make its page, as one would, elsewhere."""
    tracker, path = begun
    tracker.__exit__(None, None, None)
    page = path.with_suffix(".html")
    command = [sys.executable, "-m", "memray", "flamegraph", "--leaks"]
    command += ["-o", str(page), str(path)]
    process = await asyncio.create_subprocess_exec(*command)
    await process.wait()
    return f"{path.stat().st_size / 1e6:.0f} MB of records"


async def memalot(_: Any) -> str:
    """Wait for a report of a thread, as long as there is patience."""
    begun = tool_named("memalot").begin()
    while not begun.is_complete() and begun.age() < PATIENCE_S:
        await asyncio.sleep(0.001)
    return "a report" if begun.is_complete() else NONE_YET


ASKED = {
    "Guppy": guppy,
    "leak-hunter": leak_hunter,
    "objgraph": objgraph,
    "Pympler": pympler,
    "memalot": memalot,
}
"""They can be asked of one class, without a beginning."""
NAMES = ("LeakWatch", *(tool.name for tool in TOOLS))


def begin(name: str) -> Any:
    """Have a tool begin that sees only what comes after."""
    no = name == "LeakWatch" or name in ASKED
    return None if no else tool_named(name).begin()


async def ask(name: str, crawler: Any, state: Any) -> str:
    """Ask a tool."""
    if name == "LeakWatch":
        return await leakwatch(crawler)
    if name in ASKED:
        return await ASKED[name](crawler)
    if name.startswith("memray"):
        return await report(state)
    return f"{len(list(tool_named(name).ask(state)))} rows"


def measure(tool: str, size: int) -> dict[str, Any]:
    """Return what was measured, or what ``failed``."""
    command = [sys.executable, __file__, "--one", tool, str(size)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"no answer within {LIMIT_S} s"}
    rows = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not rows:
        return {"failed": (done.stderr.strip().splitlines() or ["killed"])[-1]}
    return json.loads(rows[-1])


def row(tool: str, size: int, found: dict[str, Any]) -> str:
    """Return a row of the table."""
    if "failed" in found:
        return f"{size:>10,}  {tool:<22} {found['failed']}"
    return (
        f"{size:>10,}  {tool:<22} {found['rss'] / 1e6:>7,.0f} MB"
        f"  fork {found['fork_ms']:>6.1f} ms  pause {found['pause_ms']:>10,.1f} ms"
        f"  answer {found['answer_s']:>7.2f} s  {found['found']!r}"
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
        for name in NAMES:
            if name == "LeakWatch" or tool_named(name).is_there:
                print(row(name, size, measure(name, size)), flush=True)
            else:
                print(f"{name} is not installed", flush=True)


if __name__ == "__main__":
    main()
