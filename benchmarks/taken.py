"""What it costs to find whose the threads and timers are that pile up.

Beside it, in the same run, what a sample costs then. Run::

    python benchmarks/taken.py

Inside a real crawl there are 1,000 of each kind and 300,000 other objects.
"""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.crawler import CrawlerProcess

from scrapy_leakwatch.observe import resources
from scrapy_leakwatch.observe.resource_counts import ResourceGauge

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = 1000
OBJECTS = 300_000
ROUNDS = 25


class Bench(Spider):
    """Measures in its only callback."""

    name = "bench"
    start_urls = ("data:,",)
    ended = threading.Event()

    def parse(self, _: Any) -> None:
        """Take a thousand of each kind, and look whose they are."""
        from twisted.internet import reactor  # noqa: PLC0415

        before, gauge = resources.before(), ResourceGauge()
        alone = milliseconds(gauge.read)
        self.kept = [[number] for number in range(OBJECTS)]
        self.sockets = [socket.socket() for _ in range(NUMBER)]
        for _ in range(NUMBER):
            reactor.callLater(3600, self.tick)  # type: ignore[attr-defined]
            threading.Thread(target=self.wait, daemon=True).start()
        for kind in ("threads", "timers", "sockets", "tasks"):
            search = resources.Search(
                self.crawler, resources.owners(self.crawler), before
            )
            begun = time.perf_counter()
            seen = search.taken(kind)
            took = 1000 * (time.perf_counter() - begun)
            print(f"{kind:<8} {took:>6.1f} ms, {len(seen.owned)} of {seen.alive} owned")
            search.end()
        print(
            f"counts   {alone:>6.2f} ms before, {milliseconds(gauge.read):.2f} ms now"
        )
        os._exit(0)  # the threads are not to be waited for

    def wait(self) -> None:
        """Run as a thread that does not end."""
        self.ended.wait()

    def tick(self) -> None:
        """Be called by a timer."""


def milliseconds(function: Callable[[], object]) -> float:
    """Return the mean time of a call, for not each one counts all there is."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.mean(times)


def main() -> None:
    """Run the crawl."""
    process = CrawlerProcess({"LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False})
    process.crawl(Bench)
    process.start()


if __name__ == "__main__":
    main()
