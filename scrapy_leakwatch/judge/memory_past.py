"""The past of a crawl's memory, in a fixed space, and what in it is suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import Point, growth_of, rising_lows
from scrapy_leakwatch.judge.history import RSS, shorten
from scrapy_leakwatch.judge.memory_words import fallen_story, growth_story
from scrapy_leakwatch.records import Suspicion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.records import Growth, Kind, Sample

MEGA = 1_000_000


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
    """A bounded series of points as in `History`, and the peaks of all time."""

    def __init__(self, spider: str, min_samples: int) -> None:
        self._spider = spider
        self._steps = min_samples
        self._points: list[MemoryPoint] = []
        self._peak = MemoryPoint(0.0, 0, 0, 0, 0, 0)

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
        peaks = zip(self._peak, point, strict=True)
        self._peak = MemoryPoint._make(max(pair) for pair in peaks)
        shorten(self._points, _lower)

    def growing(self, sample: Sample, explained_per_min: float) -> Suspicion | None:
        """Suspect memory that grows to new highs while Python's blocks do not.

        What other verdicts account for, in bytes a minute, is not counted,
        nor what parsed pages may take of which ever more are alive.
        """
        points = self._points
        least = max(
            thresholds.MEMORY_LEAST, int(thresholds.MEMORY_SHARE * points[0].rss)
        )
        lows = rising_lows(_rss(points), self._steps, least)
        if not lows or points[-1].rss < thresholds.NEW_HIGH * self._peak.rss:
            return None
        known = {point.time: point for point in points}
        first, last = known[lows[0].time], known[lows[-1].time]
        grown = last.rss - first.rss
        explained = explained_per_min * max(last.time - first.time, 0) / 60
        open_bytes = grown - int(explained) - self.pages_since(first.time)
        blocks = self._most_blocks(first.time) - first.blocks
        if (
            open_bytes < least
            or blocks * thresholds.BYTES_OF_A_BLOCK >= thresholds.PYTHONS_OWN * grown
        ):
            return None
        growth = growth_of(lows)
        return self._suspicion(
            "native", sample, growth, open_bytes, growth_story(growth)
        )

    def goes_on(self, since: float, least: int) -> bool:
        """Tell whether memory has kept growing from a moment on, step by step."""
        later = [point for point in self._points if point.time > since]
        return bool(rising_lows(_rss(later), self._steps, least))

    def pages_since(self, time: float) -> int:
        """Return the bytes of the pages of which more are alive than at ``time``.

        Dead pages come and go with the collector, so the lowest counts of then
        and now are compared.
        """
        few = self._steps + 1
        before = [point.pages for point in self._points if point.time <= time]
        recent = [point.pages for point in self._points[-few:]]
        return (
            max(min(recent) - min(before[-few:], default=0), 0)
            * thresholds.BYTES_OF_A_TREE
        )

    def fallen(self, sample: Sample) -> Suspicion | None:
        """Suspect memory that stays high after most objects are gone."""
        recent = self._points[-self._steps :]
        kept = min(point.rss for point in recent) - min(
            point.rss for point in self._points
        )
        if len(self._points) <= self._steps or kept < thresholds.KEPT_LEAST:
            return None
        if not all(self._is_fallen(point) for point in recent):
            return None
        now, peak = recent[-1], self._peak
        objects, blocks = self._left(now)
        if objects <= blocks:
            story = fallen_story("live objects", peak.live, now.live)
        else:
            story = fallen_story("Python's blocks", peak.blocks, now.blocks)
        gone = int(kept * (1 - min(objects, blocks)))
        growth = growth_of(_rss(recent))
        return self._suspicion("fragmentation", sample, growth, gone, story)

    def _most_blocks(self, since: float) -> int:
        return max(point.blocks for point in self._points if point.time >= since)

    def _is_fallen(self, point: MemoryPoint) -> bool:
        objects, blocks = self._left(point)
        fallen = objects <= thresholds.KEPT_OBJECTS or blocks <= thresholds.KEPT_BLOCKS
        return fallen and point.rss >= thresholds.KEPT_RSS * self._peak.rss

    def _left(self, point: MemoryPoint) -> tuple[float, float]:
        """Return which parts of the most live objects and blocks are there."""
        peak = self._peak
        many = peak.live - point.live >= thresholds.KEPT_MANY
        return (
            point.live / peak.live if many else 1.0,
            point.blocks / max(peak.blocks, 1),
        )

    def _suspicion(
        self, kind: Kind, sample: Sample, growth: Growth, open_bytes: int, story: str
    ) -> Suspicion:
        return Suspicion(
            kind=kind,
            judged_as=RSS,
            subject=RSS,
            class_path="",
            spider=self._spider,
            count=sample.memory.rss,
            unaccounted=open_bytes,
            growth=growth,
            proved=False,
            oldest_s=0.0,
            example_url="",
            headline=story,
            memory=sample.memory,
            memory_limit=sample.memory_limit,
        )


def _rss(points: Sequence[MemoryPoint]) -> list[Point]:
    return [Point(point.time, point.received, point.rss) for point in points]


def _lower(before: MemoryPoint, after: MemoryPoint) -> MemoryPoint:
    return before if before.rss <= after.rss else after
