"""What it costs, sample by sample, to count the containers of large projects.

The cost must not grow with the project. Run::

    python benchmarks/census.py

Inside a real crawl; each project is added to those before it. The ratio is that
of the median to the rest of a sample, in the same run.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.crawler import CrawlerProcess

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.observe.census.containers import Census

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKS = 400
HELPERS = 10_000


class Helper:
    """An object of the project, with a container that grows."""

    def __init__(self) -> None:
        self.seen: set[int] = set()


def entries(spider: Any) -> None:
    """Add a set with 300,000 entries, and a list of as many dicts."""
    spider.seen = set(range(300_000))
    spider.rows = [{"number": number} for number in range(300_000)]


def attributes(spider: Any) -> None:
    """Add 5,000 attributes with a list each."""
    for number in range(5_000):
        setattr(spider, f"list_{number}", [0] * (number % 300))


def helpers(spider: Any) -> None:
    """Add 10,000 objects, in the attributes of others, 100 in each."""
    for group in range(HELPERS // 100):
        top = Helper()
        for number in range(100):
            setattr(top, f"helper_{number}", Helper())
        setattr(spider, f"group_{group}", top)


def large_module(_: Any) -> None:
    """Add a module with 20,000 globals, each fourth a dict."""
    module = sys.modules["__main__"]
    for number in range(20_000):
        vars(module)[f"value_{number}"] = number if number % 4 else {}


def modules(_: Any) -> None:
    """Add 100 modules with a class, functions and three containers each."""
    for number in range(100):
        name = f"__main__.part_{number}"
        module = sys.modules[name] = ModuleType(name)
        exec("class Part:\n    seen = set()\nCACHE, ROWS = {}, []", vars(module))
        for function in range(50):
            vars(module)[f"function_{function}"] = modules


class Bench(Spider):
    """Measures in its only callback."""

    name = "bench"
    start_urls = ("data:,",)

    def parse(self, _: Any) -> None:
        """Add one project after the other, and measure with each."""
        gc.disable()  # a collection is no part of the cost
        watch: Any = self.crawler.get_extension(LeakWatch)._watch
        sampler = watch._sampler
        census = sampler._census
        sampler._census = _Nothing()
        rest = statistics.median(times_ms(sampler.sample))
        print(f"the rest of a sample: {rest:.3f} ms")
        print("ms after adding median  ratio    0.99     max   first  told  known")
        steps = (entries, attributes, helpers, large_module, modules)
        for add in (nothing, *steps):
            add(self)
            _, *times = times_ms(census.take)
            fresh = Census(self.crawler, 100)
            first = max(times_ms(fresh.take, 10))
            told, known = len(census.take()), len(census._known)
            print(
                f"{add.__name__:<15}{statistics.median(times):>7.3f}"
                f"{statistics.median(times) / rest:>7.1f}"
                f"{sorted(times)[int(len(times) * 0.99)]:>8.3f}"
                f"{max(times):>8.3f}{first:>8.3f}{told:>6}{known:>7}"
            )


class _Nothing:
    def take(self) -> tuple[()]:
        return ()


def nothing(_: Any) -> None:
    """Add nothing."""


def times_ms(function: Callable[[], object], looks: int = LOOKS) -> list[float]:
    """Return the processor time of each call, which other programs do not change."""
    times = []
    for _ in range(looks):
        begun = time.thread_time()
        function()
        times.append(1000 * (time.thread_time() - begun))
    return times


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
