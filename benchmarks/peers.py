"""LeakWatch side by side with what one would otherwise use; writes docs/compared.rst.

    pip install "scrapy-leakwatch[bench]"
    PYTHONPATH=. python benchmarks/peers.py [PART ...] [--cases FOLDER]

A part is ``overhead``, what a crawl is slowed down by, in interleaved pairs; ``pause``,
how long the reactor stands still while a tool looks, and how long the answer takes; or
``told``, which of some crawls with a known truth each tells. ``--cases`` has others
than the zoo's: see ``cases.of_folder``. Without a part all are measured, which takes
some fifteen minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import explanation
from cases import (
    ACCUSED,
    ASKS,
    FAILED,
    HOLDER,
    NEITHER,
    QUIET,
    ROWS,
    TYPE,
    answers,
    of_folder,
    took,
    verdict,
)
from charts import bars
from pages import circumstances, draw, put, table
from throughput import EXAMPLE
from tools import TOOLS, tool_named
from watching import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cases import Case

ROUNDS = 3
PAUSES = 3
CATALOGUE_PAGES = 60
LEAKED = 20_000
SECONDS = 8.0
JOBS = 2
PLAIN = "nothing"
ALWAYS = (
    "LeakWatch",
    *(tool.name for tool in TOOLS if tool.traces),
    "MEMDEBUG",
)
"""What costs something all the time; the others do nothing until they are asked."""
PACKAGES = ("memray", "objgraph", "Pympler", "guppy3", "python-leak-hunter", "memalot")
MARKS = {
    HOLDER: "holder",
    TYPE: "type",
    NEITHER: "\\-",
    QUIET: "quiet",
    ACCUSED: "accused",
    ASKS: "\\-",
    FAILED: "failed",
}


class Cost(NamedTuple):
    """Seconds of one crawl; ``samples`` are the milliseconds of LeakWatch's."""

    wall: float
    cpu: float
    samples: tuple[float, ...] = ()


def crawl(tool: str, url: str) -> Cost:
    """Crawl the shop under a tool, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        process = subprocess.Popen(
            [sys.executable, __file__, "--crawl", tool, str(record)],
            cwd=EXAMPLE,
            env={**os.environ, "SHOP_URL": url, "PYTHONPATH": _path()},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        found = [line for line in said.splitlines() if line.startswith("elapsed ")]
        if status or not found:
            sys.exit(f"the crawl under {tool} failed")
        lines = record.read_text().splitlines() if record.exists() else []
        samples = [json.loads(line).get("cost_ms") for line in lines]
    cpu = usage.ru_utime + usage.ru_stime
    wall = float(found[-1].split()[1])
    return Cost(wall, cpu, tuple(cost for cost in samples if cost is not None))


def _path() -> str:
    return os.pathsep.join([str(EXAMPLE), str(EXAMPLE.parent)])


def crawl_here(tool: str, record: str) -> None:
    """Crawl in this process, with a tool from its begin, and say what that took."""
    from scrapy.crawler import CrawlerProcess  # noqa: PLC0415
    from scrapy.utils.project import get_project_settings  # noqa: PLC0415

    settings = get_project_settings()
    settings.setdict(
        {
            "LEAKWATCH_ENABLED": tool == "LeakWatch",
            "LEAKWATCH_RECORD": record,
            "LEAKWATCH_REPORT": None,
            "MEMDEBUG_ENABLED": tool == "MEMDEBUG",
            "TELNETCONSOLE_ENABLED": False,
        },
        priority="cmdline",
    )
    begun = None if tool in {PLAIN, "LeakWatch"} else tool_named(tool).begin()
    process = CrawlerProcess(settings)
    crawler = process.create_crawler("healthy")
    process.crawl(crawler)
    process.start()
    print("elapsed", crawler.stats.get_value("elapsed_time_seconds"), flush=True)
    if tool.startswith("memray"):
        begun[0].__exit__(None, None, None)
    os._exit(0)


def overhead(rounds: int) -> Iterator[str]:
    """Yield the table of what each tool slows a crawl down by."""
    site = [sys.executable, "-m", "shop.site", "--port", "0"]
    site += ["--pages", str(CATALOGUE_PAGES)]
    ratios: dict[str, list[Cost]] = defaultdict(list)
    samples: list[float] = []
    names = [PLAIN, *_there(ALWAYS)]
    with subprocess.Popen(site, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True) as shop:
        assert shop.stdout
        url = shop.stdout.readline().strip()
        try:
            crawl(PLAIN, url)  # warms the caches of the disk
            for number in range(rounds):
                plain = crawl(PLAIN, url)
                for name in names if number % 2 else reversed(names):
                    cost = crawl(name, url)
                    samples += cost.samples
                    ratio = Cost(plain.wall / cost.wall, plain.cpu / cost.cpu)
                    ratios[name].append(ratio)
                    print(f"{number + 1}  {name:<22} {ratio.wall:.3f}", flush=True)
        finally:
            shop.terminate()
    rows = [
        (
            name,
            f"{statistics.median(each.wall for each in ratios[name]):.2f}",
            f"{statistics.median(each.cpu for each in ratios[name]):.2f}",
        )
        for name in names
    ]
    yield from table(("tool", "by the clock", "by CPU seconds"), rows)
    tenths = statistics.quantiles(samples, n=10)
    yield ""
    yield (
        f"A crawl of {21 * CATALOGUE_PAGES:,} pages, {rounds} rounds, medians. In these"
        f" crawls, caches cold, a sample of LeakWatch's took"
        f" {statistics.median(samples):.1f} ms (nine of ten {tenths[-1]:.1f} ms at"
        f" most, of {len(samples)})."
    )
    yield ""
    yield circumstances(PACKAGES)


def _there(names: Sequence[str]) -> list[str]:
    there = {tool.name for tool in TOOLS if tool.is_there} | {"LeakWatch"}
    return [name for name in names if name in there]


def pause(rounds: int) -> Iterator[str]:
    """Yield the table of pauses and answers, and draw the pauses."""
    pauses, answered, said = {}, {}, {}
    for name in _there(explanation.NAMES):
        found = []
        for _ in range(1 if name == "memalot" else rounds):
            found.append(explanation.measure(name, LEAKED))
            print(explanation.row(name, LEAKED, found[-1]), flush=True)
            if "failed" in found[-1]:
                break
        right = [each for each in found if "failed" not in each]
        if not right:
            said[name] = found[0]["failed"]
            continue
        pauses[name] = statistics.median(each["pause_ms"] for each in right)
        late = right[0]["found"] == explanation.NONE_YET
        seconds = statistics.median(each["answer_s"] for each in right)
        answered[name] = "none" if late else f"{seconds:.2f} s"
        said[name] = f"{pauses[name]:,.1f} ms"
    rows = [(name, said[name], answered.get(name, "")) for name in said]
    draw(
        "compared-pause",
        bars(
            f"How long the reactor stands still, {LEAKED:,} leaked responses",
            pauses,
            said,
            log=True,
        ),
    )
    yield from table(("tool", "longest pause", "answer after"), rows)
    yield ""
    yield circumstances(PACKAGES)


def told(cases: Sequence[Case], seconds: float, chart: str) -> Iterator[str]:
    """Yield the table of what each tool tells, and draw how much that is."""
    names = ["LeakWatch", *(name for group in GROUPS.values() for name in group)]
    names = _there(names)
    worth: dict[str, dict[str, str]] = {name: {} for name in names}
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(JOBS) as pool:

        def run(case: Case, group: str) -> dict[str, Any]:
            return answers(case, group, seconds, Path(place) / case.name / group)

        under_way = {
            (case, group): pool.submit(run, case, group)
            for case in cases
            for group in GROUPS
        }
        for (case, group), job in under_way.items():
            found = job.result()
            for name in GROUPS[group] or [group]:
                if name not in worth:
                    continue
                one = verdict(case, name, found.get(name))
                worth[name][case.name] = one
                if one == HOLDER:
                    times[name].append(took(case, found[name]))
                print(f"{case.name:<20} {name:<22} {one}", flush=True)
    yield from table(
        ("", *names),
        [(case.name, *(MARKS[worth[n][case.name]] for n in names)) for case in cases],
    )
    yield ""
    leaking = [case.name for case in cases if not case.is_healthy]
    yield from _score(names, worth, times, leaking, chart)
    yield ""
    yield f"Crawls of {seconds:.0f} seconds. " + circumstances(PACKAGES)


def _score(
    names: Sequence[str],
    worth: Mapping[str, Mapping[str, str]],
    times: Mapping[str, list[float]],
    leaking: Sequence[str],
    chart: str,
) -> Iterator[str]:
    holders, rows = {}, []
    for name in names:
        right = [worth[name][case] for case in leaking]
        holders[name] = float(right.count(HOLDER))
        known = right.count(HOLDER) + right.count(TYPE)
        median = [time for time in times[name] if time == time]  # noqa: PLR0124
        after = f"{statistics.median(median):.1f} s" if median else ""
        rows.append((name, f"{holders[name]:.0f}", str(known), after))
    title = f"Told who holds it, or the line, of {len(leaking)} crawls"
    said = {name: f"{value:.0f}" for name, value in holders.items()}
    draw(chart, bars(title, holders, said, log=False))
    head = ("tool", f"holder, of {len(leaking)}", "at least the type", "after")
    yield from table(head, rows)


def main() -> None:
    """Measure the parts that are asked for, and write them into the page."""
    if sys.argv[1:2] == ["--crawl"]:
        crawl_here(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--cases", type=Path, help="a folder of other crawls")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a crawl")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--pauses", type=int, default=PAUSES)
    asked = parser.parse_args()
    parts = asked.parts or ["overhead", "pause", "told"]
    begun = time.monotonic()
    if "overhead" in parts:
        put("compared", "overhead", overhead(asked.rounds))
    if "pause" in parts:
        put("compared", "pause", pause(asked.pauses))
    if "told" in parts and asked.cases is None:
        put("compared", "told", told(ROWS, asked.seconds, "compared-told"))
    elif "told" in parts:
        found = told(of_folder(asked.cases), asked.seconds, "compared-cases")
        put("compared", "cases", found)
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
