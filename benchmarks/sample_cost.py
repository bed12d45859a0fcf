"""What a sample costs with 1,000 and with 1,000,000 live requests.

Beside it, in the same run, what Scrapy's ``format_live_refs()`` costs. Run::

    python benchmarks/sample_cost.py

Inside a real crawl, the requests are put into the scheduler's memory queue.
A sample is timed alone, and with all that follows: judgement, stats and a line
of the recording.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import Spider
from scrapy.crawler import CrawlerProcess
from scrapy.utils.trackref import format_live_refs

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.internals.versions import engine_of, engine_slot

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 25


class Bench(Spider):
    """Measures in its only callback."""

    name = "bench"
    start_urls = ("data:,",)

    def parse(self, _: Any) -> None:
        """Fill the queue step by step, and measure at each size."""
        slot: Any = engine_slot(engine_of(self.crawler))
        watch: Any = self.crawler.get_extension(LeakWatch)._watch
        print("      live     sample  with reports  format_live_refs  ratio of it")
        queued = 0
        for size in SIZES:
            for number in range(queued, size):
                slot.scheduler.mqs.push(scrapy.Request(f"data:,{number}"))
            queued = size
            look = median_us(watch.look)
            observe = median_us(watch._sampler.sample)
            table = median_us(lambda: format_live_refs(ignore=Spider))
            print(
                f"{size:>10,} {observe:>7.0f} us {look:>10.0f} us {table:>14,.0f} us"
                f"  {table / observe:>6,.0f}, {table / look:,.0f}"
            )
        while slot.scheduler.mqs.pop():
            pass


def median_us(function: Callable[[], object]) -> float:
    """Return the median time of a call in microseconds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        function()
        times.append(time.perf_counter() - begun)
    return 1e6 * statistics.median(times)


def main() -> None:
    """Run the crawl."""
    with tempfile.TemporaryDirectory() as folder:
        process = CrawlerProcess(
            {
                "LOG_LEVEL": "WARNING",
                "TELNETCONSOLE_ENABLED": False,
                "EXTENSIONS": {LeakWatch: 500},
                "LEAKWATCH_RECORD": str(Path(folder) / "bench.jsonl"),
            }
        )
        process.crawl(Bench)
        process.start()


if __name__ == "__main__":
    main()
