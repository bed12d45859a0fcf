"""Pure: the score of all rows, from the result of each."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.zoo.truth import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.zoo.score import Result
    from tests.zoo.truth import Row


@dataclass(frozen=True, slots=True)
class Kind:
    """How well one kind of verdict is told: numbers of rows."""

    kind: str
    rows: int
    told: int
    right: int

    @property
    def precision(self) -> float | None:
        """The part of the rows it was told of that it is true of."""
        return self.right / self.told if self.told else None

    @property
    def recall(self) -> float | None:
        """The part of the rows it is true of that it was told of."""
        return self.right / self.rows if self.rows else None


@dataclass(frozen=True, slots=True)
class Score:
    """The score of several rows: counts of rows, and medians."""

    rows: int
    passed: int
    kinds: tuple[Kind, ...]
    holders_asked: int
    holders_right: int
    places_asked: int
    places_right: int
    samples: float | None
    samples_most: int | None
    looked_s: float | None
    looked_s_most: float | None
    leaked: float | None
    leaked_most: int | None


def total(rows: Sequence[Row], results: Sequence[Result]) -> Score:
    """Return the score of all rows; ``results`` are those of ``rows``, in order."""
    counted = [one for row, one in zip(rows, results, strict=True) if row.counted]
    samples = [one.samples for one in counted if one.samples is not None]
    looks = [one.looked_s for one in counted if one.looked_s is not None]
    leaked = [one.leaked for one in counted if one.leaked is not None]
    holders = [one.holder_right for one in results if one.holder_right is not None]
    places = [one.place_right for one in results if one.place_right is not None]
    return Score(
        rows=len(results),
        passed=sum(one.passed for one in results),
        kinds=tuple(_kinds(rows, results)),
        holders_asked=len(holders),
        holders_right=sum(holders),
        places_asked=len(places),
        places_right=sum(places),
        samples=median(samples) if samples else None,
        samples_most=max(samples, default=None),
        looked_s=median(looks) if looks else None,
        looked_s_most=max(looks, default=None),
        leaked=median(leaked) if leaked else None,
        leaked_most=max(leaked, default=None),
    )


def _kinds(rows: Sequence[Row], results: Sequence[Result]) -> Iterable[Kind]:
    pairs = list(zip(rows, results, strict=True))
    told = {kind for one in results for kind in one.told}
    for kind in sorted(told | {row.truth for row in rows} - {HEALTHY}):
        of_it = [one for row, one in pairs if row.truth == kind]
        counts = [
            row
            for row, one in pairs
            if kind in one.told
            and kind not in row.also
            # In a row that passed nothing was untrue: it may be said of memory.
            and (kind == row.truth or not one.passed)
        ]
        yield Kind(
            kind=kind,
            rows=len(of_it),
            told=len(counts),
            right=sum(kind in one.told and not _missed(one) for one in of_it),
        )


def _missed(result: Result) -> bool:
    return any(fault.startswith("no ") for fault in result.faults)
