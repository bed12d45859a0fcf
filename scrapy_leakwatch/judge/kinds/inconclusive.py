"""What grows and nobody can tell why: objects, a layer of memory, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.history import RSS
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths, objects
from scrapy_leakwatch.judge.verdicts import limit_in_s, tell, tell_of_layers
from scrapy_leakwatch.records import (
    Counted,
    Explanation,
    Growth,
    Unexplained,
    Unnamed,
    Unseen,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.judge.bills import BillCase
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.judge.told import Dismissed
    from scrapy_leakwatch.records import Layers, Sample, Suspicion


def of_objects(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Say that they grow, where there is too much of it to say nothing."""
    if suspicion.unaccounted < case.many:
        return None
    facts = Counted(suspicion.judged_as, suspicion.proved, found)
    return tell(suspicion, "inconclusive", "low", facts)


def failure(
    found: Explanation | Unexplained | None,
) -> Explanation | Unexplained | None:
    """Return what was found where no child could look, None where one did."""
    if isinstance(found, Explanation):
        return found if "direct" in found.traits else None
    return None if found is None or found.gone or found.counts.examined else found


def unlooked(dismissed: Dismissed, history: History, case: Case) -> Verdict | None:
    """Say at the end of a crawl what grew, where all looks failed and it is not gone.

    A full collection since then may have shown that it was dead.
    """
    suspicion, failed = dismissed.suspicion, dismissed.failed
    floors = history.floors(suspicion.judged_as)
    since = [each.held for each in floors if each.received >= dismissed.received]
    alive = min([history.latest(suspicion.judged_as), *since])
    if failed is None or alive < case.min_objects:
        return None
    facts = Counted(suspicion.judged_as, suspicion.proved, failed)
    return tell(suspicion, "inconclusive", "low", facts, failed)


def of_layers(suspicion: Suspicion, layers: Layers, before: Layers) -> Verdict:
    """Say that memory grows, where the looks did not see all of its layers."""
    facts = Unseen(layers.reason or before.reason)
    return tell_of_layers(suspicion, layers, "inconclusive", "low", facts)


def unnamed(
    spider: str, first: Sample, sample: Sample, case: BillCase, no_bill: str
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
        oldest_s=0.0,
        example_url="",
        limit=sample.memory_limit,
        limit_in_s=limit_in_s(sample, growth.per_min),
        bytes=sample.memory.rss,
        share_of_growth=1.0,
        facts=Unnamed(
            before=first.memory.rss,
            waiting=waiting.path if waiting else None,
            dead=case.is_growth_of("garbage", thresholds.PATH_SHARE_OF_LIBRARY),
            bill=case.last,
            no_bill=no_bill,
        ),
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
