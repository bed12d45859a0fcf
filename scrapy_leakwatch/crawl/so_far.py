"""What a crawl comes to until now, in the form in which a recording tells it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Crawl, Timeline, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.records import (
        Explanation,
        Layers,
        Looks,
        Run,
        Sample,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | Layers

MOST_FOUND = 200
"""Kept of the latest; a crawl seldom has a dozen."""


class SoFar:
    """Keeps, for who asks a running crawl, what can't be had of the judge."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[float, Found]] = {}
        self._samples = 0
        self._warm: Sample | None = None
        self._last: Sample | None = None

    def sample(self, sample: Sample) -> None:
        """Count a sample; the first ones are the crawl's start."""
        self._samples += 1
        self._last = sample
        if self._samples <= thresholds.WARM_UP:
            self._warm = sample

    def finding(self, found: Found, verdict: Verdict, time: float) -> None:
        """Keep what was found on a verdict, the latest of it."""
        self._found.pop(verdict.id, None)
        self._found[verdict.id] = time, found
        if len(self._found) > MOST_FOUND:
            del self._found[next(iter(self._found))]

    def found(self, verdict: Verdict) -> tuple[float, Found] | None:
        """Return what was found on a verdict, and when."""
        return self._found.get(verdict.id)

    def crawl(
        self,
        *,
        run: Run,
        verdicts: Iterable[Verdict],
        looks: Looks,
        record: Path | None,
    ) -> Crawl:
        """Return it as what was read of a recording that has no more than that."""
        told = tuple(self._told(verdict, run.time) for verdict in verdicts)
        seen = [each for each in (self._warm, self._last) if each is not None]
        return Crawl(
            path=record or Path(),
            run=run,
            told=told,
            standing=told,
            dismissed=(),
            layers=(),
            trims=(),
            timeline=Timeline(
                times=tuple(each.time for each in seen),
                received=tuple(each.received for each in seen),
            ),
            last=self._last,
            summary=None,
            ended=seen[-1].time if seen else run.time,
            samples=self._samples,
            looks=looks if looks.failed else None,
        )

    def _told(self, verdict: Verdict, begun: float) -> Told:
        time, found = self.found(verdict) or (begun, None)
        return Told(time, verdict, found, verdict.id)
