"""What becomes of a cause from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy_leakwatch.records.recorded import Series, Told
    from scrapy_leakwatch.records.sufficiency import Extent

Unit = Literal["bytes", "objects", "left"]
"""What a cause is measured in: per 1,000 responses, or what was ``left`` at the end."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A recorded run; ``begun`` and ``ended`` in seconds of the epoch.

    ``complete``: it closed. ``extent`` is how much was seen of it, None where that was
    too little to judge it.
    """

    project: str
    spider: str
    begun: float
    ended: float
    path: Path
    complete: bool
    extent: Extent | None


@dataclass(frozen=True, slots=True)
class Course:
    """What became of a cause in the runs of one spider.

    ``runs`` of its ``of`` runs had it. ``rates`` has one value for each of these, in
    the order of time: 0 where it was not there, None where that is not known.
    ``new``: an earlier run than ``first`` could have shown it, and did not. After
    ``last`` it was ``absent`` from so many runs that could have, and ``gone_since`` is
    the first of them.
    """

    project: str
    spider: str
    runs: int
    of: int
    rates: Series
    first: PastRun
    last: PastRun
    new: bool = False
    absent: int = 0
    gone_since: PastRun | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause in all runs: ``told`` is the latest, with the latest that was found."""

    told: Told
    unit: Unit
    courses: tuple[Course, ...]

    @property
    def gone(self) -> bool:
        """Tell whether no spider has it any more."""
        return all(course.gone_since for course in self.courses)

    @property
    def latest(self) -> float:
        """Return the highest of the last rates of the spiders that still have it."""
        last = [
            next((rate for rate in reversed(course.rates) if rate), 0.0)
            for course in self.courses
            if not course.gone_since
        ]
        return max(last, default=0.0)


@dataclass(frozen=True, slots=True)
class Past:
    """The runs that were recorded, the earliest first, and their causes, the worst.

    ``forgotten`` causes, of very many, were left out.
    """

    runs: tuple[PastRun, ...]
    causes: tuple[Cause, ...]
    forgotten: int = 0
