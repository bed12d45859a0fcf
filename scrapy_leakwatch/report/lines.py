"""Lines for a terminal: text, and how to paint it where there is colour.

A line is painted as a whole, so that without colour it is just its text. The
style is one that rich knows, the text is never markup.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy_leakwatch.records import Series

BARS = "▁▂▃▄▅▆▇█"
ALARMING = "bold red"
HEALTHY = "green"
TOLD = "yellow"
FAINT = "dim"
HEADING = "bold"
TREND = 24
"""Bars of a sparkline."""


class Line(NamedTuple):
    """One line, or several without a part of their own."""

    text: str = ""
    style: str = ""


def each(text: str, style: str = "", rest: str = "") -> Iterator[Line]:
    """Yield the lines of a text, the first in its style and the others in theirs."""
    for number, line in enumerate(text.splitlines()):
        yield Line(line, rest if number else style)


def highest(series: Series, least: float = 0) -> float:
    """Return the highest value of a series, ``least`` if none is higher."""
    return max((value for value in series if value is not None), default=least)


def sparkline(series: Series, width: int) -> str:
    """Return a series as a row of bars from 0 up, the highest of each part of it."""
    known = [value for value in series if value is not None]
    if not known:
        return ""
    parts = min(width, len(known))
    cuts = [len(known) * part // parts for part in range(parts + 1)]
    highs = [max(known[begin:end]) for begin, end in pairwise(cuts)]
    return "".join(_bars(highs))


def _bars(values: Sequence[float]) -> Iterator[str]:
    high = max(values)
    for value in values:
        part = max(value, 0) / high if high > 0 else 0.0
        yield BARS[min(int(part * len(BARS)), len(BARS) - 1)]


def size(count: float) -> str:
    """Return bytes as in ``37.9 MB``."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(count) >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,.0f} bytes"


def duration(seconds: float) -> str:
    """Return a duration as in ``42s``, ``4m25s``, ``3h05m`` or ``2d07h``."""
    minutes, secs = divmod(int(max(seconds, 0)), 60)
    hours, mins = divmod(minutes, 60)
    days, hrs = divmod(hours, 24)
    if days:
        return f"{days}d{hrs:02}h"
    if hours:
        return f"{hours}h{mins:02}m"
    return f"{minutes}m{secs:02}s" if minutes else f"{secs}s"
