"""Lets a watched crawl soak, and tells what of LeakWatch grows: ``make soak``.

Two crawls of the same site at the same time, with LeakWatch and without. What is
looked at is in `MEASURES`; each has to be flat. Seconds are in ``SOAK_SECONDS``.

Whether something is flat is told by the slope of Theil and Sen, the median of the
slopes between all pairs of points, and its bound of confidence by Kendall's variance
(Sen 1968, "Estimates of the regression coefficient based on Kendall's tau"). It asks
nothing of how the values are spread, and a third of them may be anything: a child that
lives, a busy machine, a full collection. Neighbours in time are alike, which would make
the bound too narrow: so the points are medians of parts of the time, each of which has
the crawl's breath in it. With an hour of points any slope is significant: what is told
has a lower bound that makes more of the whole time than the measure allows.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from tests.conftest import EXAMPLE, HARNESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS = 3600
BREATH_S = 30
FEWEST_PARTS, MOST_PARTS = 8, 24
"""Medians that a slope goes through."""
WARM_UP = 0.2
"""The share of the time that is left out at the beginning."""
SURE = 2.326
"""Standard deviations of a normal distribution that 99 % are below."""
LOOK_S = 0.5

Points = list[tuple[float, float]]


class Measure(NamedTuple):
    """What has to be flat; ``allowed`` is how much it may grow in the whole time.

    ``share``: or so much of its median. ``flow``: what comes in a part of the time is
    compared, and not what there is.
    """

    name: str
    unit: str
    allowed: float
    share: float = 0.0
    flow: bool = False


MEASURES = (
    Measure("descriptors", "", 0.9),
    Measure("threads", "", 0.9),
    Measure("children", "", 0.9),
    Measure("rss", "MB more than without", 3.0),
    Measure("own_objects", "objects of our classes", 50, 0.05),
    Measure("own_bytes", "kB allocated by our lines", 50, 0.05),
    Measure("cost", "ms a sample", 0.2, 0.1),
    Measure("log", "lines a part", 3, 0.1, flow=True),
    Measure("recording", "kB a part", 5, 0.1, flow=True),
)


class Slope(NamedTuple):
    """How much something grows in the whole time, and what it does at least."""

    median: float
    growth: float
    least: float


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """Return the growth over the span of the points, and its lower bound (99 %)."""
    slopes = sorted(
        (after - before) / (end - begin)
        for (begin, before), (end, after) in combinations(points, 2)
    )
    count, span = len(points), points[-1][0] - points[0][0]
    spread = (count * (count - 1) * (2 * count + 5) / 18) ** 0.5
    lowest = max(int((len(slopes) - SURE * spread) / 2), 0)
    level = statistics.median(value for _, value in points)
    return Slope(level, statistics.median(slopes) * span, slopes[lowest] * span)


def parts(points: Points, *, flow: bool = False) -> Points:
    """Return the medians of parts of the time after the warm-up, or what comes there.

    Each part has a whole breath, where there is time for that.
    """
    begin, end = points[0][0], points[-1][0]
    begin += WARM_UP * (end - begin)
    count = min(max(int((end - begin) / (2 * BREATH_S)), FEWEST_PARTS), MOST_PARTS)
    width = (end - begin) / count
    found: list[list[float]] = [[] for _ in range(count)]
    for at, value in points:
        if at >= begin:
            found[min(int((at - begin) / width), count - 1)].append(value)
    middles = [begin + (number + 0.5) * width for number in range(count)]
    if not flow:
        return [
            (at, statistics.median(values))
            for at, values in zip(middles, found, strict=True)
            if values
        ]
    lasts = [
        (at, max(values)) for at, values in zip(middles, found, strict=True) if values
    ]
    return [(end[0], end[1] - begin[1]) for begin, end in pairwise(lasts)]


def is_flat(measure: Measure, points: Points) -> tuple[bool, Slope]:
    """Tell whether what was measured is flat, and the figures."""
    found = slope(parts(points, flow=measure.flow))
    return found.least <= max(measure.allowed, measure.share * found.median), found


class Soak:
    """Two crawls, with LeakWatch and without, and what is seen of them."""

    def __init__(self, folder: Path, seconds: float, breath_s: float) -> None:
        self.folder, self.seconds, self.breath_s = folder, seconds, breath_s
        self.seen: dict[str, Points] = {each.name: [] for each in MEASURES}
        self.outcome: dict[str, Any] = {}

    @property
    def log(self) -> Path:
        return self.folder / "watched" / "log"

    @property
    def recording(self) -> Path:
        return self.folder / "watched" / "recording.jsonl"

    def run(self) -> None:
        """Crawl for so many seconds, and look at both all the time."""
        with (
            serving() as shop,
            self._crawling(shop, "watched") as watched,
            self._crawling(shop, "without") as without,
        ):
            while watched.poll() is None and without.poll() is None:
                self._look(watched, without)
                time.sleep(LOOK_S)
            for process in (watched, without):
                process.wait(120)
        if watched.returncode or without.returncode:
            raise RuntimeError(self.log.read_text()[-5000:])
        outcome = self.folder / "watched" / "outcome.json"
        self.outcome = json.loads(outcome.read_text())
        for line in self._lines(self.folder / "watched" / "witness"):
            for name, unit in (("own_objects", 1), ("own_bytes", 1000)):
                self.seen[name].append((line["time"], line[name] / unit))
        for line in self._lines(self.recording):
            if "cost_ms" in line:
                self.seen["cost"].append((line["time"], line["cost_ms"]))

    @staticmethod
    def _lines(path: Path) -> Iterator[dict[str, Any]]:
        with path.open() as file:
            yield from map(json.loads, file)

    def _look(self, watched: Any, without: Any) -> None:
        now = time.time()
        with suppress(psutil.Error, FileNotFoundError):  # it ends, or just began
            process, twin = psutil.Process(watched.pid), psutil.Process(without.pid)
            seen = {
                "descriptors": process.num_fds() - twin.num_fds(),
                "threads": process.num_threads() - twin.num_threads(),
                "children": len(process.children(recursive=True)),
                "rss": (process.memory_info().rss - twin.memory_info().rss) / 1e6,
                "log": self.log.read_bytes().count(b"\n"),
                "recording": self.recording.stat().st_size / 1000,
            }
            for name, value in seen.items():
                self.seen[name].append((now, value))

    @contextmanager
    def _crawling(self, shop: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        folder = self.folder / name
        folder.mkdir()
        job = {
            "shop": shop,
            "spiders": ["Breathing"],
            "prelude": "import soaking; spiders.Breathing = soaking.Breathing",
            "outcome": str(folder / "outcome.json"),
            "settings": {
                "LOG_LEVEL": "INFO",
                "TELNETCONSOLE_ENABLED": False,
                "REMOTE_CONTROL_ENABLED": False,
                "CLOSESPIDER_TIMEOUT": self.seconds,
                "DOWNLOAD_DELAY": 0.02,
                "EXTENSIONS": {
                    "soaking.Witness": 1,
                    "scrapy_leakwatch.LeakWatch": 500,
                },
                "BREATH": self.breath_s,
                "WITNESS": str(folder / "witness"),
                "WITNESS_INTERVAL": max(self.seconds / 240, 1),
                "LEAKWATCH_ENABLED": name == "watched",
                "LEAKWATCH_INTERVAL": 0.1,
                "LEAKWATCH_LOG_INTERVAL": 5,
                "LEAKWATCH_RECORD": str(self.recording),
                "LEAKWATCH_REPORT": str(folder / "report.html"),
            },
        }
        path = [str(HARNESS.parent), str(HARNESS.parent.parent)]
        path += filter(None, [os.environ.get("PYTHONPATH")])
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(HARNESS), json.dumps(job)],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
                stderr=log,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()


@contextmanager
def serving() -> Iterator[str]:
    """Serve the shop of the example project on a free port."""
    command = [sys.executable, "-m", "shop.site", "--port", "0"]
    with subprocess.Popen(
        command, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True
    ) as site:
        try:
            assert site.stdout
            yield site.stdout.readline().strip()
        finally:
            site.terminate()


def main() -> None:
    """Soak, print the figures, and end with 1 where something grows."""
    seconds = float(os.environ.get("SOAK_SECONDS") or SECONDS)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"soaking for {seconds:,.0f} seconds in {folder}", flush=True)
    soak = Soak(folder, seconds, BREATH_S)
    soak.run()
    print(f"{'':12} {'median':>10} {'growth':>10} {'at least':>10}  in the whole time")
    grown = []
    for measure in MEASURES:
        flat, found = is_flat(measure, soak.seen[measure.name])
        figures = (
            f"{found.median:>10,.2f} {found.growth:>+10,.2f} {found.least:>+10,.2f}"
        )
        print(f"{measure.name:12} {figures}  {'' if flat else 'GROWS '}{measure.unit}")
        grown += [] if flat else [measure.name]
    stats = soak.outcome["stats"][0]
    print(
        f"{stats['downloader/response_count']:,} responses,"
        f" {len(soak.seen['cost']):,} samples, left behind: {soak.outcome['left']}"
    )
    sys.exit(1 if grown else 0)


if __name__ == "__main__":
    main()
