"""Clocks that jump, and one that has no time."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import TYPE_CHECKING

from tests.faults.fault import LEAK, Fault

if TYPE_CHECKING:
    from pathlib import Path

HOUR, DAY = 3600.0, 86_400.0
MOST_OFF_S = 60.0


def jump(seconds: float):
    """Return the strike that sets the clock in the middle of a crawl."""

    def strike(moments) -> None:
        real, set_by = time.time, [0.0]
        time.time = lambda: real() + set_by[0]
        moments.page(lambda crawler: set_by.__setitem__(0, seconds))

    return strike


def no_time(moments) -> None:
    """Have LeakWatch get no time; without a clock Scrapy does not end."""
    real = time.time

    def clock() -> float:
        asks = sys._getframe(1).f_globals["__name__"]
        return math.nan if asks.startswith("scrapy_leakwatch") else real()

    def begin(crawler) -> None:
        time.time = clock

    moments.page(begin)


def times_are_steady(place: Path) -> list[str]:
    """Say whether the times of the samples are others than those that passed."""
    lines = map(json.loads, (place / "record.jsonl").read_text().splitlines())
    begun = [
        line["time"] - line["elapsed_s"] for line in lines if line["type"] == "sample"
    ]
    off = max(begun) - min(begun)
    return [f"the times of samples are {off:.0f} s off"] if off > MOST_OFF_S else []


CLOCKS = (
    Fault(
        name="clock_back",
        story="the clock is set back by an hour",
        strike=jump(-HOUR),
        told=LEAK,
        then=times_are_steady,
    ),
    Fault(
        name="clock_forward",
        story="the clock is set forward by a day",
        strike=jump(DAY),
        told=LEAK,
        then=times_are_steady,
    ),
    Fault(
        name="clock_without_time",
        story="the clock returns what is no number",
        strike=no_time,
        told=LEAK,
        then=times_are_steady,
    ),
)
