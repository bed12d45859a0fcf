"""What a look at the child processes costs with none, 20 and 200 of them.

And what it costs to find out who started one, once, in a crawl with 300,000 live
requests. Run::

    python benchmarks/children.py

The processes are those of Python, idle; each look comes a moment after the last.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import Spider
from scrapy.crawler import CrawlerProcess

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.internals.versions import engine_of, engine_slot
from scrapy_leakwatch.observe import resources

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = (0, 20, 200)
REQUESTS = 300_000
ROUNDS = 60
PAUSE_S = 0.02
IDLE = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]


class Bench(Spider):
    """Measures in its only callback."""

    name = "bench"
    start_urls = ("data:,",)

    def parse(self, _: Any) -> None:
        """Start more and more processes, and measure at each number."""
        watch: Any = self.crawler.get_extension(LeakWatch)._watch
        sampler = watch._sampler
        self.processes: list[subprocess.Popen[bytes]] = []
        print(" processes  of them   a sample")
        for count in COUNTS:
            while len(self.processes) < count:
                process = subprocess.Popen(IDLE, stdin=subprocess.PIPE)
                self.processes.append(process)
            for _ in range(ROUNDS):
                sampler.sample()
            of_them = in_us(sampler._children.read)
            print(f"{count:>10} {of_them} {in_us(sampler.sample)}")
        self._search(watch._audit)
        for process in self.processes:
            process.communicate()

    def _search(self, audit: Any) -> None:
        slot: Any = engine_slot(engine_of(self.crawler))
        for number in range(REQUESTS):
            slot.scheduler.mqs.push(scrapy.Request(f"data:,{number}"))
        self.first = self.processes[0]

        def search() -> Any:
            started = resources.starters(self.crawler)
            search = resources.Search(self.crawler, started, audit._before)
            found = search.starter({self.first.pid})
            search.end()
            return found

        print(f"who started one: {search().owner}, {in_us(search)}")
        while slot.scheduler.mqs.pop():
            pass


def in_us(function: Callable[..., object], *arguments: object) -> str:
    """Return the median and the longest time of a call."""
    times = []
    for _ in range(ROUNDS):
        time.sleep(PAUSE_S)
        begun = time.perf_counter()
        function(*arguments)
        times.append(1e6 * (time.perf_counter() - begun))
    return f"{statistics.median(times):>5,.0f} us (at most {max(times):,.0f})"


def main() -> None:
    """Run the crawl."""
    process = CrawlerProcess(
        {
            "LOG_LEVEL": "WARNING",
            "TELNETCONSOLE_ENABLED": False,
            "EXTENSIONS": {LeakWatch: 500},
        }
    )
    process.crawl(Bench)
    process.start()


if __name__ == "__main__":
    main()
