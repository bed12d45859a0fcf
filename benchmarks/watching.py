"""One crawl with a known truth, under some tools: what each answers.

The tools begin at a third of the time, for a crawl has things to load at first, and
are asked at its end. What has no thread of its own, and traces nothing, is asked in a
forked child, so that each finds the same heap. Run by ``peers.py``::

    python watching.py GROUP SECONDS row NAME SITE
    python watching.py GROUP SECONDS script FILE [ARGUMENT ...]

What it leaves in the current folder is ``answers.json``; LeakWatch its recording.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import signals
from scrapy.crawler import Crawler
from tools import Tool, tool_named

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = {
    "LeakWatch": (),
    "asked": ("MEMDEBUG", "prefs", "objgraph", "Pympler", "leak-hunter"),
    "Guppy": ("Guppy",),
    "tracemalloc": ("tracemalloc, 10 frames",),
    "memray": ("memray, Python's too",),
    "memalot": ("memalot",),
}
"""What can be asked about the same crawl: Guppy's objects are in Pympler's way."""
LEAKWATCH = "scrapy_leakwatch.LeakWatch"
BEGIN_AT = 1 / 3
ANSWER_S = 10.0
"""CPU seconds that a tool may take: a crawl that is asked stands still meanwhile."""
MOST_TIMES = 3
"""So many times as long by the clock, for a busy machine."""
REPORT_S = 30.0
"""How much longer a crawl goes on for a tool that reports by itself."""
LISTINGS = 6000
"""Enough for all of the time: they are queued at once."""
ANSWERS = Path("answers.json").absolute()


class Asker:
    """Has the tools begin, and asks them, once in a process."""

    tools: ClassVar[list[Tool]] = []
    seconds = 0.0
    begun_at = 0.0

    @classmethod
    def from_crawler(cls, crawler: Any) -> Asker:
        """Build the extension."""
        asker = cls()
        crawler.signals.connect(asker.spider_opened, signals.spider_opened)
        return asker

    def spider_opened(self) -> None:
        """Begin with the first crawl."""
        from twisted.internet import reactor  # noqa: PLC0415

        if Asker.begun_at:
            return
        Asker.begun_at = time.monotonic()
        self.begun: dict[str, Any] = {}
        reactor.callLater(self.seconds * BEGIN_AT, self.begin)
        reactor.callLater(self.seconds, self.ask)

    def begin(self) -> None:
        """Have each tool begin."""
        self.begun = {tool.name: tool.begin() for tool in self.tools}

    def ask(self) -> None:
        """Ask each tool, and end."""
        answers = {}
        for tool in self.tools:
            asked = time.monotonic()
            way = in_place if tool.traces else in_child
            entries = way(tool, self.begun[tool.name])
            answers[tool.name] = {
                "entries": entries,
                "asked_s": self.seconds,
                "answer_s": time.monotonic() - asked,
            }
        ANSWERS.write_text(json.dumps(answers))
        os._exit(0)


def in_place(tool: Tool, begun: Any) -> list[str]:
    """Return what a tool says."""
    return list(answer(tool, begun))


def answer(tool: Tool, begun: Any) -> Iterator[str]:
    """Yield what a tool says; that it failed, where it does."""
    try:
        yield from tool.ask(begun)
    except Exception:  # noqa: BLE001
        yield f"failed: {traceback.format_exc()}"


def in_child(tool: Tool, begun: Any) -> list[str]:
    """Return what a forked child says in time."""
    entries = Path(f"{tool.name}.entries").absolute()
    pid = os.fork()
    if pid == 0:
        limit = int(ANSWER_S)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        with entries.open("w") as file:
            for entry in answer(tool, begun):
                print(json.dumps(entry), file=file, flush=True)
        os._exit(0)
    late = time.monotonic() + MOST_TIMES * ANSWER_S
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > late:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.01)
    return [json.loads(line) for line in entries.read_text().splitlines()]


class Waiter(Asker):
    """Waits for a tool that reports by itself, for some time."""

    def begin(self) -> None:
        """Do nothing: it has begun with the crawl."""

    def spider_opened(self) -> None:
        """Begin with the first crawl."""
        from twisted.internet import reactor  # noqa: PLC0415

        if Asker.begun_at:
            return
        Asker.begun_at = time.monotonic()
        self.begun = {tool.name: tool.begin() for tool in self.tools}
        reactor.callLater(self.seconds, self.ask)

    def ask(self) -> None:
        """Keep what it has told by now, and wait for the rest of its first report."""
        from twisted.internet import reactor  # noqa: PLC0415

        ((name, memalot),) = self.begun.items()
        late = time.monotonic() - Asker.begun_at > self.seconds + REPORT_S
        if not memalot.is_complete() and not late:
            reactor.callLater(1, self.ask)
            return
        told = memalot.entries()
        answers = {
            "entries": [text for _, text in told],
            "asked_s": 0.0,
            "answer_s": max((at for at, _ in told), default=0.0),
        }
        ANSWERS.write_text(json.dumps({name: answers}))
        os._exit(0)


def under(group: str, seconds: float) -> None:
    """Have every crawl of this process watched by these tools and no other."""
    Asker.tools = [tool_named(name) for name in GROUPS[group]]
    Asker.tools = [tool for tool in Asker.tools if tool.is_there]
    Asker.seconds = seconds
    made = Crawler.__init__

    def make(crawler: Crawler, *arguments: Any, **named: Any) -> None:
        made(crawler, *arguments, **named)
        extensions = crawler.settings.getdict("EXTENSIONS")
        if group == "LeakWatch":
            extensions[LEAKWATCH] = 500
        else:
            extensions[LEAKWATCH] = None
            extensions[Waiter if group == "memalot" else Asker] = 1
        crawler.settings.set("EXTENSIONS", extensions, priority=50)

    Crawler.__init__ = make


def crawl_row(seconds: float, name: str, site: str) -> None:
    """Crawl as a row of the zoo does, for so long."""
    from tests.zoo import crawl  # noqa: PLC0415
    from tests.zoo.truth import ASYNCIO  # noqa: PLC0415

    row = crawl.row_named(name)
    arguments = {**row.arguments}
    if "listings" in arguments:
        arguments["listings"] = LISTINGS
    settings = {
        **row.settings,
        "CLOSESPIDER_TIMEOUT": seconds,
        "CLOSESPIDER_PAGECOUNT": 0,
    }
    settings.pop("LEAKWATCH_INTERVAL", None)
    row = replace(row, arguments=arguments, settings=settings, reactor=ASYNCIO)
    crawl.row_named = lambda _: row
    crawl.main(name, site)


def main() -> None:
    """Crawl under some tools."""
    group, length, kind, *what = sys.argv[1:]
    seconds = float(length)
    under(group, seconds)
    # The tools are asked while it crawls, and end it.
    longer = 0 if group == "LeakWatch" else REPORT_S + ANSWER_S
    if kind == "row":
        crawl_row(seconds + longer, *what)
        return
    os.environ["SECONDS"] = str(seconds + longer)
    sys.argv = what
    sys.path[0] = str(Path(what[0]).parent)
    os.chdir(sys.path[0])
    runpy.run_path(what[0], run_name="__main__")


if __name__ == "__main__":
    main()
