"""Whether a floor rises, told by the weakest step and not by the mean.

A burst, a warm-up or one large page lifts a mean; only a leak lifts every
part of a span. So the span is cut into parts, the lowest floor of each part
is taken, and each must stand above the one before.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import Growth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Point(NamedTuple):
    """What was held (a count) when so many responses were received."""

    time: float
    received: int
    held: int


def weakest_step(points: Sequence[Point], steps: int) -> int:
    """Return the smallest rise between neighbouring parts of the points.

    There are ``steps`` + 1 parts as in `lows`; there must be at least one point
    for each. 0 or less means that the series does not grow.
    Adding a rising line never makes it smaller.
    """
    held = [low.held for low in lows(points, steps)]
    return min(after - before for before, after in pairwise(held))


def growth(points: Sequence[Point], steps: int, least: int) -> Growth | None:
    """Return the growth over the longest late part of the series that grows.

    In each of ``steps`` steps at least ``least / steps`` objects are added, so
    that at least ``least`` are held at the end, and responses are received.
    The first point is left out: it has the warm-up in it. None: no growth.
    """
    rising = rising_lows(points, steps, least)
    return growth_of(rising) if rising else None


def rising_lows(points: Sequence[Point], steps: int, least: int) -> list[Point]:
    """Return the low of each part of what `growth` is about, none if none grows."""
    if not points or points[-1].held - min(point.held for point in points) < least:
        return []
    for window in _windows(points[1:], steps):
        found = lows(window, steps)
        received = found[-1].received - found[0].received
        if received > 0 and weakest_step(window, steps) * steps >= least:
            return found
    return []


def growth_of(points: Sequence[Point]) -> Growth:
    """Return the rates from the first point to the last, 0 where nothing came."""
    first, last = points[0], points[-1]
    added, received = last.held - first.held, last.received - first.received
    minutes = (last.time - first.time) / 60
    return Growth(
        floors=tuple(point.held for point in points),
        per_1000_responses=1000 * added / received if received > 0 else 0.0,
        per_min=added / minutes if minutes > 0 else 0.0,
        weakest_per_1000=_weakest_rate(points),
    )


def _weakest_rate(points: Sequence[Point]) -> float:
    return min(
        1000 * (after.held - before.held) / max(after.received - before.received, 1)
        for before, after in pairwise(points)
    )


def _windows(points: Sequence[Point], steps: int) -> Iterator[Sequence[Point]]:
    """Yield ever later parts of the series, down to a point for each part."""
    while len(points) > steps:
        yield points
        points = points[max(len(points) // 4, 1) :]


def lows(points: Sequence[Point], steps: int) -> list[Point]:
    """Return the lowest point of each of ``steps`` + 1 parts of a series.

    In each part as many responses came, as far as there are points for that: the
    distant past has fewer points than the recent one, and counts no less.
    """
    parts = steps + 1
    cuts = [0]
    first, last = points[0].received, points[-1].received
    for part in range(1, parts):
        wanted = first + (last - first) * part / parts
        cut = bisect_left(points, wanted, key=lambda point: point.received)
        most = len(points) - (parts - part)
        cuts.append(min(max(cut, cuts[-1] + 1), most))
    cuts.append(len(points))
    return [
        min(points[begin:end], key=lambda point: point.held)
        for begin, end in pairwise(cuts)
    ]
