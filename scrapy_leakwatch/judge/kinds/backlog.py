"""Suspects that requests pile up in the scheduler's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth
from scrapy_leakwatch.judge.history import QUEUE
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import RESPONSES, Counted, Explanation, Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy_leakwatch.judge.bills import BillCase
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.judge.told import Key, Standing
    from scrapy_leakwatch.records import Growth, Sample, Verdict


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield the queue, if it grows and many requests wait in it."""
    queued = sample.requests.queued_memory
    if queued is None or queued < case.many:
        return
    rising = growth(history.levels(RESPONSES), case.min_samples, case.min_samples)
    if rising and queued < thresholds.BACKLOG_PATIENCE * case.many:
        return  # responses may hang on the requests: their case comes first
    grown = growth(history.lengths(QUEUE), case.min_samples, case.many)
    if grown is None or (
        sample.starting and _span_s(grown) < thresholds.BACKLOG_PATIENCE_S
    ):
        return
    yield Suspicion(
        kind="backlog",
        judged_as=QUEUE,
        subject="Request",
        class_path="scrapy.http.request.Request",
        spider=case.spider,
        count=sample.requests.live,
        unaccounted=queued,
        growth=grown,
        proved=True,
        oldest_s=0.0,
        example_url="",
        memory=sample.memory,
        memory_limit=sample.memory_limit,
        beside=sample.beside,
        queued=queued,
    )


def verdict_on(suspicion: Suspicion, found: Found, _: Case) -> Verdict | None:
    """Return the verdict: what the ledger counts needs no proof.

    None where each request drags a page along: that is a leak of pages, with
    the queue as its owner, and is told as one.
    """
    if isinstance(found, Explanation) and any(map(_is_page, found.victims)):
        return None
    facts = Counted(suspicion.judged_as, suspicion.proved, found)
    return tell(suspicion, "backlog", "high", facts, found)


def _is_page(name: str) -> bool:
    return name.endswith("Response") or name in {"Selector", "SelectorList"}


def _span_s(grown: Growth) -> float:
    added = grown.floors[-1] - grown.floors[0]
    return 60 * added / grown.per_min if grown.per_min > 0 else 0.0


def _is_part(_: Suspicion, told: Mapping[Key, Standing]) -> bool:
    """Tell whether a leak was told of what the queue owns."""
    return any(
        each.verdict.kind == "leak" and each.verdict.owner == QUEUE
        for each in told.values()
    )


def _weighed(verdict: Verdict, bills: BillCase) -> Verdict:
    """Say so where a memory bill shows that all growth is that of the queue."""
    if not isinstance(verdict.facts, Counted) or not bills.is_growth_of("scheduler"):
        return verdict
    return replace(verdict, facts=replace(verdict.facts, alone=True))


KIND = VerdictKind(
    "backlog",
    suspicions=suspicions,
    verdict_on=verdict_on,
    is_part=_is_part,
    weighed=_weighed,
    left=lengths,
    asks="queue",
)
