"""What grows and nobody can tell why: objects, a layer of memory, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.history import RSS
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths, objects
from scrapy_leakwatch.judge.verdicts import (
    WHAT_IS_NATIVE,
    limit_in_s,
    not_known,
    tell,
    tell_of_layers,
)
from scrapy_leakwatch.judge.wording import grows, megabytes, series
from scrapy_leakwatch.records import Explanation, Growth, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.judge.bills import BillCase, Grown
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Layers, Sample, Suspicion

WHAT_SHOWS_IT = (
    "`scrapy leakwatch bill` shows who has the memory now; what is"
    " on its way or waits in a queue goes as the crawl goes on"
)
WHAT_BOUNDS_IT = (
    "Scrapy waits with them, and asks for no more while the bodies of those weigh"
    " SCRAPER_SLOT_MAX_ACTIVE_SIZE (5 MB): lower it, or CONCURRENT_REQUESTS and"
    " CONCURRENT_ITEMS, or make faster what they wait for"
)


def of_objects(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Say that they grow, where there is too much of it to say nothing."""
    if suspicion.unaccounted < case.many:
        return None
    message = (
        f"{suspicion.subject} grows, and nothing proves a leak:"
        f" {suspicion.count:,} alive,"
        f" {suspicion.growth.per_1000_responses:+,.0f} per 1,000 responses"
        f" ({series(suspicion.growth.floors)} in samples);"
        " no full collection has shown yet what is dead"
    )
    caveat = None if isinstance(found, Explanation) else not_known(found)
    return tell(suspicion, "inconclusive", "low", message, caveat=caveat)


def of_layers(suspicion: Suspicion, layers: Layers, before: Layers) -> Verdict:
    """Say that memory grows, where the looks did not see all of its layers."""
    return tell_of_layers(
        suspicion,
        layers,
        "inconclusive",
        "low",
        f"memory grows, and it is not known what takes it: {grows(suspicion.growth)}",
        remedy=WHAT_IS_NATIVE,
        caveat=layers.reason or before.reason,
    )


def unnamed(
    spider: str, first: Sample, sample: Sample, case: BillCase, reason: str
) -> Verdict:
    """Return that memory grew and nobody is to be named for it."""
    grown = sample.memory.rss - first.memory.rss
    minutes = max(sample.time - first.time, 1e-3) / 60
    received = max(sample.received - first.received, 1)
    waiting = case.in_flight(sample)
    growth = Growth(
        floors=(first.memory.rss, sample.memory.rss),
        per_1000_responses=1000 * grown / received,
        per_min=grown / minutes,
    )
    return Verdict(
        kind="inconclusive",
        subject=RSS,
        class_path="",
        spider=spider,
        count=sample.memory.rss,
        unaccounted=grown,
        growth=growth,
        confidence="low",
        message=_message_of_unnamed(first, sample, growth, case, waiting),
        oldest_s=0.0,
        example_url="",
        limit=sample.memory_limit,
        limit_in_s=limit_in_s(sample, growth.per_min),
        caveat=reason or None,
        remedy=WHAT_SHOWS_IT if waiting is None else WHAT_BOUNDS_IT,
        bytes=sample.memory.rss,
        share_of_growth=1.0,
    )


def _message_of_unnamed(
    first: Sample,
    sample: Sample,
    growth: Growth,
    case: BillCase,
    waiting: Grown | None,
) -> str:
    nobody = "nobody is to be named for most of it"
    if waiting is not None:
        path = waiting.path
        nobody = (
            f"the crawl is faster than what its pages wait for: {path.path},"
            f" {path.count:,} {path.type}, {megabytes(path.bytes)}"
        )
    elif case.is_growth_of("garbage", thresholds.PATH_SHARE_OF_LIBRARY):
        nobody = "most of it is dead and waits for Python's collector"
    lines = case.largest()
    return (
        f"memory grows, and {nobody}:"
        f" {megabytes(first.memory.rss)} → {megabytes(sample.memory.rss)},"
        f" {growth.per_1000_responses / 1e6:+,.1f} MB per 1,000 responses"
        + (f"; what grew most: {lines}" if lines else "")
    )


def has_risen(first: Sample, sample: Sample) -> bool:
    """Tell whether memory has grown too much for the crawl to be called healthy."""
    grown = sample.memory.rss - first.memory.rss
    return grown >= max(
        thresholds.UNNAMED_LEAST, thresholds.UNNAMED_SHARE * first.memory.rss
    )


def is_urgent(verdict: Verdict) -> bool:
    """Tell whether growth that nobody is named for is to be warned of."""
    if verdict.kind != "inconclusive" or verdict.subject != RSS:
        return False
    soon = (
        verdict.limit_in_s is not None
        and verdict.limit_in_s < thresholds.UNNAMED_SOON_S
    )
    doubled = verdict.count >= thresholds.UNNAMED_AGAIN * (
        verdict.count - verdict.unaccounted
    )
    return soon or doubled


def may_explain(verdict: Verdict) -> bool:
    """Tell whether a verdict that stands says why memory grows."""
    if verdict.subject == RSS:
        return verdict.kind in {"native", "fragmentation"}
    return verdict.kind not in {"recovered", "children"}  # those are not in it


def _left(
    history: History, judged_as: str, told_at: int, case: Case
) -> Sequence[Point]:
    series_of = lengths if judged_as == RSS else objects
    return series_of(history, judged_as, told_at, case)


KIND = VerdictKind("inconclusive", left=_left)
