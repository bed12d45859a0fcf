"""What LeakWatch costs a whole crawl: interleaved pairs, with it and without.

A crawl of 10,500 pages of the example project's shop, sampled every second and
with its memory bills, against the same crawl without LeakWatch. Prints the median
of the ratios of each pair, for the crawl's own time and for the CPU seconds of the
process and its forked children.
Run::

    python benchmarks/throughput.py [PAIRS]
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

EXAMPLE = Path(__file__).parent.parent / "example_project"
PAIRS = 7
CATALOGUE_PAGES = 500
WITH = {"LEAKWATCH_INTERVAL": "1", "LEAKWATCH_LOG_INTERVAL": "10"}
WITHOUT = {"LEAKWATCH_ENABLED": "False"}


class Cost(NamedTuple):
    """Seconds of one crawl."""

    wall: float
    cpu: float


def crawl(url: str, settings: dict[str, str]) -> Cost:
    """Crawl the shop in a process of its own."""
    command = [sys.executable, "-m", "scrapy", "crawl", "healthy"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    process = subprocess.Popen(
        command,
        cwd=EXAMPLE,
        env=os.environ | {"SHOP_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    log = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = re.search(r"'elapsed_time_seconds': ([\d.]+)", log)
    if status or not elapsed:
        sys.exit(f"the crawl failed:\n{log}")
    return Cost(float(elapsed[1]), usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Run the pairs, each in the other order than the one before."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    site = [sys.executable, "-m", "shop.site", "--port", "0"]
    site += ["--pages", str(CATALOGUE_PAGES)]
    ratios: list[Cost] = []
    with subprocess.Popen(site, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True) as shop:
        assert shop.stdout
        url = shop.stdout.readline().strip()
        try:
            crawl(url, WITHOUT)  # warms the caches of the disk
            for number in range(pairs):
                if number % 2:
                    plain, watched = crawl(url, WITHOUT), crawl(url, WITH)
                else:
                    watched, plain = crawl(url, WITH), crawl(url, WITHOUT)
                ratios.append(Cost(plain.wall / watched.wall, plain.cpu / watched.cpu))
                print(
                    f"{number + 1:>3}  plain {plain.wall:.2f} s, {plain.cpu:.2f} s CPU;"
                    f"  watched {watched.wall:.2f} s, {watched.cpu:.2f} s CPU",
                    flush=True,
                )
        finally:
            shop.terminate()
    wall = statistics.median(ratio.wall for ratio in ratios)
    cpu = statistics.median(ratio.cpu for ratio in ratios)
    print(f"throughput with / without, median of {pairs} pairs:")
    print(f"{wall:.3f} by the clock, {cpu:.3f} by CPU seconds")


if __name__ == "__main__":
    main()
