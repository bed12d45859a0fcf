"""The past of a crawl's memory, in a fixed space."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import Point, rising_lows
from scrapy_leakwatch.judge.history import RSS, shorten
from scrapy_leakwatch.records import Suspicion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.records import Fallen, Growth, Kind, Sample


class MemoryPoint(NamedTuple):
    """What one sample saw.

    ``blocks`` are Python's, ``live`` all tracked objects, ``pages`` those that
    may hold a parsed page: all but the requests.
    """

    time: float
    received: int
    rss: int
    blocks: int
    live: int
    pages: int


class MemoryPast:
    """A bounded series of points as in `History`, and the peaks of all time.

    ``steps`` is in how many growth must show.
    """

    def __init__(self, spider: str, min_samples: int) -> None:
        self.spider = spider
        self.steps = min_samples
        self.peak = MemoryPoint(0.0, 0, 0, 0, 0, 0)
        self._points: list[MemoryPoint] = []

    @property
    def points(self) -> Sequence[MemoryPoint]:
        """What is remembered of the samples, oldest first."""
        return self._points

    def rss(self) -> list[Point]:
        """Return the resident memory, oldest first."""
        return _rss(self._points)

    @property
    def last_time(self) -> float:
        """When the last sample was taken."""
        return self._points[-1].time

    def add(self, sample: Sample) -> None:
        """Remember a sample."""
        live = sum(each.count for each in sample.live)
        point = MemoryPoint(
            time=sample.time,
            received=sample.received,
            rss=sample.memory.rss,
            blocks=sample.memory.python_blocks,
            live=live,
            pages=live - min(sample.requests.live, live),
        )
        self._points.append(point)
        peaks = zip(self.peak, point, strict=True)
        self.peak = MemoryPoint._make(max(pair) for pair in peaks)
        shorten(self._points, _lower)

    def goes_on(self, since: float, least: int) -> bool:
        """Tell whether memory has kept growing from a moment on, step by step."""
        later = [point for point in self._points if point.time > since]
        return bool(rising_lows(_rss(later), self.steps, least))

    def pages_since(self, time: float) -> int:
        """Return the bytes of the pages of which more are alive than at ``time``.

        Dead pages come and go with the collector, so the lowest counts of then
        and now are compared.
        """
        few = self.steps + 1
        before = [point.pages for point in self._points if point.time <= time]
        recent = [point.pages for point in self._points[-few:]]
        return (
            max(min(recent) - min(before[-few:], default=0), 0)
            * thresholds.BYTES_OF_A_TREE
        )

    def most_blocks(self, since: float) -> int:
        """Return the most blocks of Python since a moment."""
        return max(point.blocks for point in self._points if point.time >= since)

    def left(self, point: MemoryPoint) -> tuple[float, float]:
        """Return which parts of the most live objects and blocks are there."""
        peak = self.peak
        many = peak.live - point.live >= thresholds.KEPT_MANY
        return (
            point.live / peak.live if many else 1.0,
            point.blocks / max(peak.blocks, 1),
        )

    def suspicion(
        self,
        kind: Kind,
        sample: Sample,
        growth: Growth,
        open_bytes: int,
        fallen: Fallen | None = None,
    ) -> Suspicion:
        """Return that memory is suspect; ``open_bytes`` of it need an explanation."""
        return Suspicion(
            kind=kind,
            judged_as=RSS,
            subject=RSS,
            class_path="",
            spider=self.spider,
            count=sample.memory.rss,
            unaccounted=open_bytes,
            growth=growth,
            proved=False,
            oldest_s=0.0,
            example_url="",
            memory=sample.memory,
            memory_limit=sample.memory_limit,
            beside=sample.beside,
            fallen=fallen,
        )


def _rss(points: Sequence[MemoryPoint]) -> list[Point]:
    return [Point(point.time, point.received, point.rss) for point in points]


def _lower(before: MemoryPoint, after: MemoryPoint) -> MemoryPoint:
    return before if before.rss <= after.rss else after
