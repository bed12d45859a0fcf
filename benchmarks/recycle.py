"""What a crawl in several processes costs, and what it loses: nothing.

A site of 20,000 pages on this machine, and a spider that leaks every response. Run::

    python benchmarks/recycle.py [--pages 20000] [--kills 20] [--pairs 3]

It prints the wall and the CPU time of a healthy spider with and without ``--recycle``,
of the leaking one without a limit and with a third of the memory that takes, and what
came of one that is killed at random moments. Pages are counted at the site.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import psutil

KILLED_AFTER_S = 1.5, 3.0
"""Between two kills: a process has begun by then, and 20,000 pages are not done."""
SITE = """
import json, sys
from collections import Counter
from twisted.internet import reactor
from twisted.web import resource, server

fetched, body = Counter(), b"<html>" + b"x" * 20_000 + b"</html>"

class Pages(resource.Resource):
    isLeaf = True
    def render_GET(self, request):
        if request.path == b"/fetched":
            return json.dumps([len(fetched), sum(fetched.values())]).encode()
        fetched[request.path] += 1
        request.setHeader("content-type", "text/html")
        return body

reactor.listenTCP(int(sys.argv[1]), server.Site(Pages()), interface="127.0.0.1")
reactor.run()
"""
SPIDER = """
import scrapy

class Pages(scrapy.Spider):
    name = "pages"
    kept = []

    async def start(self):
        yield scrapy.Request(self.site + "/0")

    def parse(self, response):
        if self.leaks == "1":
            self.kept.append(response)
        n = int(response.url.rpartition("/")[2])
        yield {"n": n}
        for link in range(10 * n + 1, 10 * n + 11):
            if link < int(self.pages):
                yield response.follow(f"/{link}", self.parse)
"""


class Run(NamedTuple):
    """Seconds, the highest memory of a process, pages and how often, and items."""

    took_s: float
    cpu_s: float
    peak: int
    processes: int
    pages: int
    fetched: int
    items: int


def crawl(pages: int, *argv: str, leaks: bool = False, kills: int = 0) -> Run:
    """Crawl the site once, on a fresh one."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (folder / "pages.py").write_text(SPIDER)
        url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "scrapy", "leakwatch", "run", "pages.py"),
            *("-a", f"site={url}", "-a", f"pages={pages}", "-a", f"leaks={int(leaks)}"),
            *("-s", "LOG_LEVEL=ERROR", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=16"),
            *("-s", "TELNETCONSOLE_ENABLED=0", "-s", "JOBDIR=job", "-o", "out.jsonl"),
            *("--no-report", *argv),
        ]
        with subprocess.Popen([sys.executable, "-c", SITE, str(port)]) as site:
            time.sleep(2)
            begun, cpu_before = time.monotonic(), cpu_of_ended()
            with subprocess.Popen(
                command,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                peak, processes = watch(process, kills, recycled="--recycle" in argv)
            took, cpu = time.monotonic() - begun, cpu_of_ended() - cpu_before
            found, fetched = json.load(urlopen(f"{url}/fetched"))
            site.kill()
        lines = (folder / "out.jsonl").read_text().splitlines()
        items = {json.loads(line)["n"] for line in lines}
        return Run(took, cpu, peak, processes, found, fetched, len(items))


def cpu_of_ended() -> float:
    """Return the CPU seconds of all processes that were begun here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(
    process: subprocess.Popen[bytes], kills: int, *, recycled: bool
) -> tuple[int, int]:
    """Return the peak of a crawling process and how many there were; kill some."""
    peak, seen = 0, set()
    kill_at = time.monotonic() + random.uniform(*KILLED_AFTER_S)
    while process.poll() is None:
        time.sleep(0.25)
        crawling = [psutil.Process(process.pid)]
        if recycled:
            crawling = crawling[0].children()[:1] if process.poll() is None else []
        for each in crawling:
            with suppress(psutil.Error):
                peak = max(peak, each.memory_info().rss)
                seen.add(each.pid)
                if kills and time.monotonic() >= kill_at:
                    each.kill()
                    kills -= 1
                    kill_at = time.monotonic() + random.uniform(*KILLED_AFTER_S)
    return peak, len(seen)


def main() -> None:
    """Run all, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    if asked.pairs:
        pairs(asked.pages, asked.pairs)
    tell(
        f"{asked.kills} kills",
        crawl(asked.pages, "--recycle", "--max-rss", "8G", kills=asked.kills),
    )


def pairs(pages: int, number: int) -> None:
    """Run each crawl as one process and as several, one after the other."""
    ratios = []
    for _ in range(number):
        plain = crawl(pages)
        recycled = crawl(pages, "--recycle", "--max-rss", "8G")
        ratios.append(compared(recycled, plain))
        tell("healthy, one process", plain)
        tell("healthy, --recycle", recycled)
    tell_medians("healthy", ratios)
    ratios = []
    for _ in range(number):
        plain = crawl(pages, leaks=True)
        limit = plain.peak // 3
        recycled = crawl(
            *(pages, "--recycle", "--max-rss", f"{limit // 1024**2}M"), leaks=True
        )
        ratios.append(compared(recycled, plain))
        tell("leaking, no limit", plain)
        tell(f"leaking, {limit / 1e6:,.0f} MB", recycled)
        print(f"peak {100 * recycled.peak / limit:.0f} % of the limit")
    tell_medians("leaking", ratios)


def compared(run: Run, other: Run) -> tuple[float, float]:
    """Return how many times as long a run took as another, and as much CPU time."""
    return run.took_s / other.took_s, run.cpu_s / other.cpu_s


def tell_medians(what: str, ratios: list[tuple[float, float]]) -> None:
    """Print what several pairs come to."""
    took, cpu = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(f"{what}: {took:.3f} x, CPU {cpu:.3f} x (medians of {len(ratios)})")


def tell(what: str, run: Run) -> None:
    """Print one run."""
    print(
        f"{what:22} {run.took_s:6.1f} s, CPU {run.cpu_s:6.1f} s  "
        f"{run.peak / 1e6:6,.0f} MB {run.processes:3} processes  {run.pages:6,} pages, "
        f"{run.fetched:6,} times, {run.items:6,} items",
        flush=True,
    )


if __name__ == "__main__":
    main()
