"""Dead objects in cycles: no leak, Python's collector has not come to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.judge.wording import series

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Counts, Suspicion, Verdict


def garbage(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Say that the dead wait for the collector, where they are many."""
    if found is None or not _mostly_garbage(found.counts):
        return None
    counts = found.counts
    dead = round(suspicion.unaccounted * counts.garbage / counts.examined)
    if dead < case.many:
        return None
    message = (
        f"{suspicion.subject} is garbage, not a leak: about {dead:,} dead in reference"
        f" cycles wait for Python's collector ({counts.garbage} of {counts.examined}"
        f" examined), {suspicion.growth.per_1000_responses:+,.0f} per 1,000 responses"
        f" ({series(suspicion.growth.floors)})"
    )
    return tell(suspicion, "garbage", "high", message, remedy=_what_frees(suspicion))


def _mostly_garbage(counts: Counts) -> bool:
    return (
        counts.examined >= thresholds.ENOUGH_EXAMINED
        and counts.garbage >= thresholds.MAJORITY * counts.examined
    )


def _what_frees(suspicion: Suspicion) -> str:
    if not suspicion.collecting:
        return (
            "the collector is switched off: take gc.disable() out, or call"
            " gc.collect() every few thousand responses"
        )
    if suspicion.proved:
        return "full collections leave them: gc.freeze() was called; call gc.unfreeze()"
    return (
        "full collections are rare here: lower the last threshold of"
        " gc.set_threshold(), or call gc.collect() every few thousand responses"
    )


KIND = VerdictKind("garbage")
"""What becomes of a suspected leak where a look finds most of it dead."""
