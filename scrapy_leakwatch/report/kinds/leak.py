"""What is said of objects that somebody holds whose life is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import REQUESTS, RESPONSES, Counted, Weighed
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import not_known, series, weighed
from scrapy_leakwatch.report.lines import duration

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Growth, Verdict

NEARLY_EVERY = 800
"""Of 1,000 responses: from here on they are said to pile up like the requests."""
SOME = 20
"""Of 1,000 responses: up to here they are told as 1 in so many."""


def _counted(verdict: Verdict, facts: Counted) -> Words:
    grown = verdict.growth
    seen = "after full collections" if facts.proved else "in samples"
    message = (
        f"{verdict.subject} is leaking: {verdict.count:,} alive,"
        f" {grown.per_1000_responses:+,.0f} per 1,000 responses,"
        f" oldest {duration(verdict.oldest_s)}; {pace(facts.judged_as, grown)}"
        f" ({series(grown.floors)} {seen})"
    )
    if facts.dragged_by:
        message += f"; {facts.dragged_by:,} requests wait and drag them along"
    return Words(message, caveat=not_known("who holds them", facts.found))


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
        return f"{rate / 10:.0f} % of the responses are never let go"
    return f"1 in {1000 / rate:,.0f} responses is never let go"


KIND = KindWords(
    "leak",
    "Leak",
    "bad",
    {Counted: _counted, Weighed: weighed},
    sentence="{subject} leaks, and who holds them is not known.",
    of_holder="{subject} leaks: {holder} keeps them alive.",
    counted="were alive",
)
