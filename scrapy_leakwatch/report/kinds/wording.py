"""Words that several kinds of verdict have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation, Unexplained
from scrapy_leakwatch.report.kinds.kind import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.records import Growth, Verdict, Weighed
    from scrapy_leakwatch.records.facts import Found

WHAT_IS_NATIVE = (
    "`memray run --native -m scrapy crawl ...` on a short crawl names the C code that"
    " allocates; parsed trees (lxml) live as long as any selector on them"
)
"""How to find what takes memory outside Python."""


def weighed(verdict: Verdict, _: Weighed) -> Words:
    """Say what a path weighs, and how that grew from bill to bill."""
    grown = verdict.growth
    return Words(
        f"{verdict.subject} grows without bound: {megabytes(verdict.bytes)} in"
        f" {verdict.count:,} {verdict.class_path},"
        f" {grown.per_1000_responses / 1e6:+,.1f} MB per 1,000 responses"
        f" ({series(grown.floors, 10**6)} MB);"
        f" that is {100 * (verdict.share_of_growth or 0):.0f} % of what memory grew by"
    )


def not_known(what: str, found: Found) -> str | None:
    """Return the caveat that something is not known, where a look failed."""
    if not isinstance(found, Unexplained):
        return None
    return f"{what} is not known: {found.reason}"


def unknown(what: str, found: Found) -> str | None:
    """Return the caveat that something is not known, where no look told it."""
    if isinstance(found, Explanation):
        return None
    reason = "LEAKWATCH_EXPLAIN is off" if found is None else found.reason
    return f"{what} is not known: {reason}"


def stays(growth: Growth) -> str:
    """Say how many of 1,000 responses stay, and the series in parentheses."""
    rate = f"{growth.per_1000_responses:+,.0f} per 1,000 responses"
    return f"{rate} ({series(growth.floors)})"


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
