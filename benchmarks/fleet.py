"""What a Prometheus needs for 1,000 crawlers, and how long the dashboard waits for it.

Run, with Prometheus and the extra ``prometheus`` installed::

    python benchmarks/fleet.py
    python benchmarks/fleet.py --crawlers 100 --sped-up 6

One process serves the pages of all crawlers, as the exporter makes them. They live, and
are scraped, so much faster than real ones, and the rules' times are so much shorter:
the server has as many samples then as after that many minutes of a scrape each 15
seconds. Where not all are scraped any more the machine is too slow for that, and no
figure is one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fleet import LEAKING, fleet, spider
from tests.monitoring import (
    DASHBOARD,
    Prometheus,
    prometheus,
    queries,
    substituted,
)

SCRAPE_S = 15.0
SHOWN_S = 3600.0
"""The time that the dashboard shows."""
POINTS = 240
ROUNDS = 5


def main() -> None:
    """Run the fleet, and print what it took."""
    options = _options()
    every_s = SCRAPE_S / options.sped_up
    with (
        tempfile.TemporaryDirectory() as folder,
        fleet(options.crawlers, options.sped_up) as served,
    ):
        listed = Path(folder) / "crawlers.json"
        listed.write_text(json.dumps(served.targets))
        scrape = {"job_name": "scrapy", "file_sd_configs": [{"files": [listed.name]}]}
        with prometheus(
            Path(folder), [scrape], every_s=every_s, sped_up=options.sped_up
        ) as server:
            begun = time.monotonic()
            for minute in range(10, options.minutes + 1, 10):
                until = begun + 60 * minute / options.sped_up
                time.sleep(max(until - time.monotonic(), 0.0))
                _tell_server(server, minute, options.sped_up)
            _tell_rules(server)
            _tell_queries(server, options.sped_up)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crawlers", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=70)
    parser.add_argument("--sped-up", type=float, default=1.0)
    return parser.parse_args()


def _tell_server(server: Prometheus, minutes: int, sped_up: float) -> None:
    process = psutil.Process(server.pid)
    busy = process.cpu_times()
    series = server.own("prometheus_tsdb_head_series")
    samples = server.own("prometheus_tsdb_head_samples_appended_total")
    a_second = samples / (60 * minutes)
    up = len(server.now("up == 1"))
    print(
        f"{minutes:>3} min: {up} scraped, {series:,.0f} series, {samples:,.0f} samples"
        f" ({a_second:,.0f}/s at {SCRAPE_S:.0f} s a scrape),"
        f" {process.memory_info().rss / 1e6:,.0f} MB resident,"
        f" {100 * (busy.user + busy.system) / (60 * minutes):.1f} % of a core"
        f" as it would be (x{sped_up:g} here)",
        flush=True,
    )


def _tell_rules(server: Prometheus) -> None:
    for group in server.ask("rules")["groups"]:
        print(f"{1000 * group['evaluationTime']:>7.0f} ms  rules of {group['name']}")
    print(f"firing: {sorted(server.firing())}")


def _tell_queries(server: Prometheus, sped_up: float) -> None:
    chosen = {
        "project": ".*",
        "spider": ".*",
        "crawl": spider(LEAKING),
        "instance": f"crawler-{LEAKING}",
        "__rate_interval": f"{4000 * SCRAPE_S / sped_up:.0f}ms",
        "__range": f"{1000 * SHOWN_S / sped_up:.0f}ms",
    }
    shown_s = SHOWN_S / sped_up
    for title, query in queries(json.loads(DASHBOARD.read_text())):
        asked = substituted(query, chosen)
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            found = server.over(asked, shown_s, shown_s / POINTS)
            times.append(1000 * (time.perf_counter() - begun))
        print(f"{statistics.median(times):>7.0f} ms  {len(found):>3} series  {title}")


if __name__ == "__main__":
    main()
