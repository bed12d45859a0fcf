"""What LeakWatch costs as things grow; writes docs/scale.rst.

    PYTHONPATH=. python benchmarks/scale.py [PART ...]

A part is ``objects``, from 1,000 to 1,000,000 leaked responses; ``spiders``, from 1 to
50 in a process; or ``hours``, a day on a clock that is advanced. Without one all are
measured, which takes some ten minutes and 4 GB.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

ADVANCED_S = [0.0]
"""How far the clock was put forward."""
_monotonic, _gettime = time.monotonic, time.clock_gettime
if sys.argv[1:2] == ["--hours"]:  # before anybody takes the clock
    time.monotonic = lambda: _monotonic() + ADVANCED_S[0]
    time.clock_gettime = lambda which: _gettime(which) + ADVANCED_S[0]

import explanation  # noqa: E402
import scrapy  # noqa: E402
from charts import lines as chart_of_lines  # noqa: E402
from pages import circumstances, draw, put, table  # noqa: E402
from scrapy import signals  # noqa: E402
from scrapy.crawler import CrawlerProcess  # noqa: E402
from scrapy.http import HtmlResponse  # noqa: E402
from throughput import EXAMPLE  # noqa: E402

import scrapy_leakwatch  # noqa: E402
from scrapy_leakwatch import LeakWatch  # noqa: E402
from scrapy_leakwatch.internals.versions import engine_of, engine_slot  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SPIDERS = (1, 5, 10, 25, 50)
HOURS = (1, 2, 4, 8, 12, 24)
LOOKS = 25
LIMIT_S = 300
CACHE = bytearray(64 << 20)
"""More than the processor's caches have."""
CRAWL_S = 6
PAGES_A_SECOND = 60
"""Of all spiders together: it is LeakWatch whose work grows with their number."""
INTERVAL_S = 10
EACH_LOOK = 20
"""Responses between two samples of the simulated day."""
KEPT_EACH = 30
"""One of so many looks keeps a response for good."""
PACKAGE = str(Path(scrapy_leakwatch.__file__).parent / "*")
SETTINGS = {
    "LOG_LEVEL": "ERROR",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "EXTENSIONS": {LeakWatch: 500},
}


def median_ms(function: Callable[[], object], before: Callable[[], object]) -> float:
    """Return the median of the milliseconds that a call takes."""
    times = []
    for _ in range(LOOKS):
        before()
        begun = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def evict() -> int:
    """Have the processor's caches filled with something else."""
    return CACHE.count(1)


class Leaking(scrapy.Spider):
    """Leaks so many responses, and has them sampled."""

    name = "leaking"
    start_urls = ("data:,",)

    def parse(self, _: Any) -> None:
        """Leak and sample."""
        slot: Any = engine_slot(engine_of(self.crawler))
        watch: Any = self.crawler.get_extension(LeakWatch)._watch
        for number in range(int(sys.argv[2])):
            page = HtmlResponse(f"data:,{number}", body=b"<p>%d</p>" % number)
            request = scrapy.Request(page.url, self.parse, meta={"referer": page})
            slot.scheduler.mqs.push(request)
        sample = watch._sampler.sample
        hot, cold = median_ms(sample, lambda: None), median_ms(sample, evict)
        tell({"hot_ms": hot, "cold_ms": cold, "all_ms": median_ms(watch.look, evict)})


def tell(found: dict[str, Any]) -> None:
    """Print what was measured, and end."""
    print(json.dumps(found), flush=True)
    os._exit(0)


def measured(*arguments: str) -> dict[str, Any]:
    """Return what a process of this file tells."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False
    )
    rows = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not rows:
        sys.exit(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    return json.loads(rows[-1])


def objects() -> Iterator[str]:
    """Yield the table of what samples and answers cost, and draw it."""
    rows, hot, cold, pauses, answers = [], [], [], [], []
    explanation.LIMIT_S = LIMIT_S
    for size in SIZES:
        sample = measured("--objects", str(size))
        found = explanation.measure("LeakWatch", size)
        print(size, sample, found, flush=True)
        hot.append(sample["hot_ms"])
        cold.append(sample["cold_ms"])
        pauses.append(found["pause_ms"])
        answers.append(1000 * found["answer_s"])
        rows.append(
            (
                f"{size:,}",
                f"{found['rss'] / 1e6:,.0f} MB",
                f"{hot[-1]:.2f} ms",
                f"{cold[-1]:.2f} ms",
                f"{sample['all_ms']:.2f} ms",
                f"{found['fork_ms']:.1f} ms",
                f"{pauses[-1]:.1f} ms",
                f"{found['answer_s']:.2f} s",
            )
        )
    series = {"answer": answers, "pause": pauses, "sample": cold}
    title = "What grows with the number of leaked responses"
    draw("scale-objects", chart_of_lines(title, SIZES, series, "ms"))
    head = ("responses", "memory", "sample", "cold", "with reports")
    yield from table((*head, "bare fork", "pause", "answer"), rows)


class Visitor(scrapy.Spider):
    """Goes from page to page."""

    name = "visitor"

    async def start(self) -> Any:
        """Begin where nobody else does."""
        yield scrapy.Request(f"{self.site}/product.php?pid={id(self) % 10**8}")

    def parse(self, response: Any) -> Any:
        """Go on."""
        yield {"name": response.css("h1::text").get()}
        yield response.follow(response.css("a.product::attr(href)").get())


class Ending:
    """Measures the process, until its last crawl closes."""

    open = 0

    @classmethod
    def from_crawler(cls, crawler: Any) -> Ending:
        """Build the extension."""
        ending = cls()
        crawler.signals.connect(ending.spider_opened, signals.spider_opened)
        crawler.signals.connect(ending.spider_closed, signals.spider_closed)
        return ending

    def spider_opened(self) -> None:
        """Begin with the last that opens."""
        Ending.open += 1
        if Ending.open == int(sys.argv[2]):
            Ending.ticker = explanation.Ticker()

    def spider_closed(self) -> None:
        """Tell what was seen when the first closes, for all are there still."""
        stall = Ending.ticker.stop()
        costs = [
            json.loads(line).get("cost_ms")
            for path in Path(sys.argv[4]).glob("*.jsonl")
            for line in path.read_text().splitlines()
        ]
        tell({"stall_ms": stall, "own_bytes": own_bytes(), "costs": costs})


def own_bytes() -> int:
    """Return the bytes that lines of LeakWatch's allocated, where that is traced."""
    if not tracemalloc.is_tracing():
        return 0
    gc.collect()
    only = [tracemalloc.Filter(True, PACKAGE)]
    traces = tracemalloc.take_snapshot().filter_traces(only)
    return sum(each.size for each in traces.statistics("filename"))


def crawl_spiders(count: int, how: str, folder: str, site: str) -> None:
    """Crawl with so many spiders at once."""
    if how == "traced":
        tracemalloc.start()
    settings = {
        **SETTINGS,
        "EXTENSIONS": {LeakWatch: None if how == "without" else 500, Ending: 1},
        "CLOSESPIDER_TIMEOUT": CRAWL_S,
        "DOWNLOAD_DELAY": count / PAGES_A_SECOND,
        "LEAKWATCH_INTERVAL": 1,
        "LEAKWATCH_LOG_INTERVAL": 0,
    }
    for number in range(count):
        settings["LEAKWATCH_RECORD"] = f"{folder}/{number}.jsonl"
        process = spiders_process(settings)
        process.crawl(Visitor, site=site)
    process.start()


def spiders_process(settings: dict[str, Any], made: list[Any] = []) -> Any:  # noqa: B006
    """Return the one process of all spiders."""
    if not made:
        made.append(CrawlerProcess(settings))
    made[0].settings.setdict(settings, priority="cmdline")
    return made[0]


def spiders() -> Iterator[str]:
    """Yield the table of what several spiders in a process cost."""
    site = [sys.executable, "-m", "shop.site", "--port", "0"]
    rows = []
    with subprocess.Popen(site, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True) as shop:
        assert shop.stdout
        url = shop.stdout.readline().strip()
        try:
            for count in SPIDERS:
                found = {}
                for how in ("without", "watched", "traced"):
                    with tempfile.TemporaryDirectory() as folder:
                        more = (str(count), how, folder, url)
                        found[how] = measured("--spiders", *more)
                costs = [cost for cost in found["watched"]["costs"] if cost is not None]
                rows.append(
                    (
                        str(count),
                        f"{statistics.median(costs):.2f} ms",
                        f"{statistics.mean(costs) * count:.1f} ms",
                        f"{found['without']['stall_ms']:.0f} ms",
                        f"{found['watched']['stall_ms']:.0f} ms",
                        f"{found['traced']['own_bytes'] / count / 1000:,.0f} kB",
                    )
                )
                print(rows[-1], flush=True)
        finally:
            shop.terminate()
    head = (
        "spiders",
        "a sample",
        "all in a round",
        "stall without",
        "stall with",
        "memory for each",
    )
    yield from table(head, rows)


class Day(scrapy.Spider):
    """Has a day pass in which pages come and go, and a few stay."""

    name = "day"
    start_urls = ("data:,",)

    async def parse(self, _: Any) -> None:
        """Advance the clock from sample to sample."""
        self.kept: list[Any] = []
        young: deque[Any] = deque(maxlen=EACH_LOOK)
        record = Path(sys.argv[2])
        seen: list[dict[str, float]] = []
        for look in range(HOURS[-1] * 3600 // INTERVAL_S):
            for number in range(EACH_LOOK):
                url = f"https://shop.example/{look}/{number}"
                page = HtmlResponse(url, body=b"<p>%d</p>" % number)
                page.request = scrapy.Request(url, self.parse)
                young.append(page)
                self.crawler.stats.inc_value("response_received_count")
            if look % KEPT_EACH == 0:
                self.kept.append(page)
                gc.collect()
            ADVANCED_S[0] += INTERVAL_S
            await asyncio.sleep(0)
            await asyncio.sleep(0.0005)
            hours, rest = divmod((look + 1) * INTERVAL_S, 3600)
            if not rest and hours in HOURS:
                own = [each for each in gc.get_objects() if is_own(each)]
                seen.append(
                    {
                        "hours": hours,
                        "recording": record.stat().st_size,
                        "own_bytes": sum(map(sys.getsizeof, own)),
                        "own_objects": len(own),
                    }
                )
                del own
        costs = [json.loads(line).get("cost_ms") for line in record.open()]
        tell({"seen": seen, "costs": [cost for cost in costs if cost is not None]})


def is_own(obj: object) -> bool:
    """Tell whether an object is of a class of LeakWatch's."""
    return str(type(obj).__module__).partition(".")[0] == "scrapy_leakwatch"


def crawl_day(record: str) -> None:
    """Have a day pass."""
    settings = {
        **SETTINGS,
        "LEAKWATCH_INTERVAL": INTERVAL_S,
        "LEAKWATCH_LOG_INTERVAL": 0,
        "LEAKWATCH_RECORD": record,
    }
    process = CrawlerProcess(settings)
    process.crawl(Day)
    process.start()


def hours() -> Iterator[str]:
    """Yield the table of a day."""
    with tempfile.TemporaryDirectory() as folder:
        found = measured("--hours", f"{folder}/day.jsonl")
    costs = found["costs"]
    rows = []
    before = 0
    for seen in found["seen"]:
        until = int(len(costs) * seen["hours"] / HOURS[-1])
        rows.append(
            (
                str(seen["hours"]),
                f"{until:,}",
                f"{statistics.median(costs[before:until]):.2f} ms",
                f"{seen['own_objects']:,}",
                f"{seen['own_bytes'] / 1000:,.0f} kB",
                f"{seen['recording'] / 1e6:.2f} MB",
            )
        )
        before = until
    head = ("hours", "samples", "a sample since", "own objects", "their memory")
    yield from table((*head, "recording"), rows)


PARTS = {"objects": objects, "spiders": spiders, "hours": hours}


def main(arguments: Sequence[str]) -> None:
    """Measure the parts that are asked for, and write them into the page."""
    if arguments[:1] == ["--objects"]:
        process = CrawlerProcess(SETTINGS)
        process.crawl(Leaking)
        process.start()
    elif arguments[:1] == ["--spiders"]:
        crawl_spiders(int(arguments[1]), *arguments[2:])
    elif arguments[:1] == ["--hours"]:
        crawl_day(*arguments[1:])
    else:
        for part in arguments or PARTS:
            lines = list(PARTS[part]())
            put("scale", part, [*lines, "", circumstances()])


if __name__ == "__main__":
    main(sys.argv[1:])
