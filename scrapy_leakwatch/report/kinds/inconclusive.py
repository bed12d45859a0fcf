"""What is said of what grows where nobody can tell why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Counted, Stayed, Unnamed, Unseen
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.unreleased import stayed
from scrapy_leakwatch.report.kinds.wording import (
    WHAT_IS_NATIVE,
    grows,
    megabytes,
    not_known,
    series,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Bill, Verdict

WHAT_SHOWS_IT = (
    "`scrapy leakwatch bill` shows who has the memory now; what is"
    " on its way or waits in a queue goes as the crawl goes on"
)
WHAT_BOUNDS_IT = (
    "Scrapy waits with them, and asks for no more while the bodies of those weigh"
    " SCRAPER_SLOT_MAX_ACTIVE_SIZE (5 MB): lower it, or CONCURRENT_REQUESTS and"
    " CONCURRENT_ITEMS, or make faster what they wait for"
)
LARGEST = 3
"""Lines of the bill that are quoted where nobody can be named."""


def _counted(verdict: Verdict, facts: Counted) -> Words:
    caveat = not_known("who holds them", facts.found)
    if facts.found is None:
        caveat = "nobody looked who holds them: LEAKWATCH_EXPLAIN is off"
    return Words(
        f"{verdict.subject} grows, and nothing proves a leak:"
        f" {verdict.count:,} alive,"
        f" {verdict.growth.per_1000_responses:+,.0f} per 1,000 responses"
        f" ({series(verdict.growth.floors)} in samples);"
        " no full collection has shown yet what is dead",
        caveat=caveat,
    )


def _unseen(verdict: Verdict, facts: Unseen) -> Words:
    return Words(
        f"memory grows, and it is not known what takes it: {grows(verdict.growth)}",
        remedy=WHAT_IS_NATIVE,
        caveat=facts.reason or "nobody looked where it is",
    )


def _unnamed(verdict: Verdict, facts: Unnamed) -> Words:
    lines = _largest(facts.bill)
    return Words(
        f"memory grows, and {_why(facts)}:"
        f" {megabytes(facts.before)} → {megabytes(verdict.count)},"
        f" {verdict.growth.per_1000_responses / 1e6:+,.1f} MB per 1,000 responses"
        + (f"; what grew most: {lines}" if lines else ""),
        remedy=WHAT_SHOWS_IT if facts.waiting is None else WHAT_BOUNDS_IT,
        caveat=facts.no_bill or None,
    )


def _why(facts: Unnamed) -> str:
    path = facts.waiting
    if path is not None:
        return (
            f"the crawl is faster than what its pages wait for: {path.path},"
            f" {path.count:,} {path.type}, {megabytes(path.bytes)}"
        )
    if facts.dead:
        return "most of it is dead and waits for Python's collector"
    return "nobody is to be named for most of it"


def _largest(bill: Bill | None) -> str:
    """Return the lines of a bill that grew most."""
    if bill is None:
        return ""
    rows = sorted(_rows(bill), key=lambda row: -row[1])[:LARGEST]
    return ", ".join(
        f"{name} {grown / 1e6:+,.0f} MB" for name, grown in rows if grown > 0
    )


def _rows(bill: Bill) -> Iterator[tuple[str, int]]:
    for owner in bill.owners:
        yield owner.name, owner.grown_bytes
    before = bill.since_layers
    if before is None:
        return
    for name, now, then in (
        ("not named", bill.layers.native_unnamed, before.native_unnamed),
        ("free in malloc", bill.layers.malloc_free, before.malloc_free),
        ("free in Python", bill.layers.python_free, before.python_free),
    ):
        if now is not None and then is not None:
            yield name, now - then


KIND = KindWords(
    "inconclusive",
    "Inconclusive",
    "warn",
    {Counted: _counted, Unseen: _unseen, Unnamed: _unnamed, Stayed: stayed},
    sentence="Not sure: {subject} grows, and nothing proves a leak.",
)
