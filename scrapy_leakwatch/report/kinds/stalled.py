"""What is said of what never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import CALLBACKS, Explanation, Standstill
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import unknown
from scrapy_leakwatch.report.lines import duration

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict
    from scrapy_leakwatch.records.facts import Found

REMEDY = "give what they wait for a time limit: asyncio.wait_for, Deferred.addTimeout"


def _stalled(verdict: Verdict, facts: Standstill) -> Words:
    found = facts.found
    remedy = "" if isinstance(found, Explanation) else REMEDY
    return Words(_message(verdict, found), remedy, unknown("who waits", found))


def _message(verdict: Verdict, found: Found) -> str:
    since = duration(verdict.oldest_s)
    waits = ""
    if isinstance(found, Explanation):
        waits = f"; {found.holder} waits for {found.owner}"
    if verdict.subject != CALLBACKS:
        return f"the spider is {verdict.subject} for {since}, and never ends{waits}"
    count = f"{verdict.count:,} page{'s' * (verdict.count != 1)}"
    if verdict.growth.per_1000_responses:
        return (
            f"callbacks do not end: {count} in them, the oldest for {since},"
            f" {verdict.growth.per_1000_responses:+,.0f} per 1,000 responses{waits}"
        )
    return (
        f"the crawl stands still: {count} in callbacks or pipelines that have not"
        f" ended, and nothing moves for {since}{waits}"
    )


KIND = KindWords("stalled", "Stalled", "bad", {Standstill: _stalled}, deed="waits at")
