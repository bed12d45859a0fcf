"""The words of a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import REQUESTS, RESPONSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.records import Growth

NEARLY_EVERY = 800
"""Of 1,000 responses: from here on they are said to pile up like the requests."""
SOME = 20
"""Of 1,000 responses: up to here they are told as 1 in so many."""


def age(seconds: float) -> str:
    """Return a duration as in ``42s``, ``4m25s``, ``3h05m`` or ``2d07h``."""
    minutes, secs = divmod(int(seconds), 60)
    hours, mins = divmod(minutes, 60)
    days, hrs = divmod(hours, 24)
    if days:
        return f"{days}d{hrs:02}h"
    if hours:
        return f"{hours}h{mins:02}m"
    return f"{minutes}m{secs:02}s" if minutes else f"{secs}s"


def pace(subject: str, growth: Growth) -> str:
    """Say how much of what comes stays."""
    rate = growth.per_1000_responses
    if subject == REQUESTS:
        return f"{growth.per_min:,.0f} a minute pile up outside the scheduler's queue"
    if subject != RESPONSES:
        return f"{growth.per_min:,.0f} a minute are never let go"
    if rate >= NEARLY_EVERY:
        return "responses pile up at the same rate as requests"
    if rate >= SOME:
        return f"{rate / 10:.0f}% of the responses are never let go"
    return f"1 in {1000 / rate:,.0f} responses is never let go"


def megabytes(size: float) -> str:
    """Return a size as in ``1,204 MB``."""
    return f"{size / 1e6:,.0f} MB"


def grows(growth: Growth) -> str:
    """Say how fast memory grows, and its series in megabytes."""
    rate = growth.per_1000_responses / 1e6
    return f"{rate:+,.1f} MB per 1,000 responses, {series(growth.floors, 10**6)} MB"


def series(floors: Sequence[int], unit: int = 1) -> str:
    """Return a series as in ``120 → 410 → 702``, in units of so many."""
    return " → ".join(f"{floor / unit:,.0f}" for floor in floors)
