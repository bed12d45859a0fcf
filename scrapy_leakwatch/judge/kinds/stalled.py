"""Suspects callbacks, pipelines and handlers that never end.

The engine owns what they hold, so that nothing of it counts as a leak; only that
nothing moves shows them. What a timer will end is slow, and no stall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth
from scrapy_leakwatch.judge.history import OVERDUE
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import (
    CALLBACKS,
    CLOSING,
    OPENING,
    Explanation,
    Growth,
    Standstill,
    Suspicion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Confidence, Progress, Sample, Verdict


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield what does not end: all that is under way, or ever more of it."""
    progress = sample.progress
    if progress is None or not progress.overdue:
        return
    if _stands_still(progress):
        since_s = progress.still_s
        grown = Growth((progress.overdue,), 0.0, 0.0)
    else:
        since_s = progress.oldest_s
        rising = _rising(progress, history, case)
        if rising is None:
            return
        grown = rising
    yield Suspicion(
        kind="stalled",
        judged_as=OVERDUE,
        subject=_subject(progress),
        class_path="",
        spider=case.spider,
        count=progress.overdue,
        unaccounted=progress.overdue,
        growth=grown,
        proved=since_s >= thresholds.STALLED_PATIENCE_S,
        oldest_s=since_s,
        example_url="",
        memory=sample.memory,
        memory_limit=sample.memory_limit,
    )


def _stands_still(progress: Progress) -> bool:
    return (
        progress.still_samples >= thresholds.STALLED_SAMPLES
        and progress.still_s >= thresholds.STALLED_LEAST_S
    )


def _rising(progress: Progress, history: History, case: Case) -> Growth | None:
    """Return how the number rises of those that take far longer than any that ended."""
    if progress.oldest_s < max(
        thresholds.STALLED_LEAST_S, thresholds.STALLED_TIMES * progress.longest_s
    ):
        return None
    overdue = history.lengths(OVERDUE)
    return growth(overdue, case.min_samples, thresholds.STALLED_FEW)


def _subject(progress: Progress) -> str:
    if progress.scraping or progress.items:
        return CALLBACKS
    return OPENING if progress.stage == "opening" else CLOSING


def verdict_on(suspicion: Suspicion, found: Found, _: Case) -> Verdict | None:
    """Return the verdict, None where it may end yet.

    That is so where a timer ends it, and until much time has gone where somebody is
    left who could.
    """
    traits = found.traits if isinstance(found, Explanation) else ()
    if "timed" in traits:
        return None
    is_sure = "abandoned" in traits
    if not is_sure and not suspicion.proved:
        return None
    confidence: Confidence = "high" if is_sure else "medium"
    return tell(suspicion, "stalled", confidence, Standstill(found), found)


def _how_long(suspicion: Suspicion) -> float:
    return suspicion.oldest_s


KIND = VerdictKind(
    "stalled",
    suspicions=suspicions,
    verdict_on=verdict_on,
    asks="waiters",
    left=lengths,
    measure=_how_long,
)
