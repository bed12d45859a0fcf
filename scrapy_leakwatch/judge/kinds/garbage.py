"""Dead objects in cycles: no leak, Python's collector has not come to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import Dead

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Counts, Suspicion, Verdict


def garbage(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Say that the dead wait for the collector, where they are many.

    One that works in increments always leaves thousands.
    """
    if found is None or not _mostly_garbage(found.counts):
        return None
    counts = found.counts
    dead = round(suspicion.unaccounted * counts.garbage / counts.examined)
    least = case.far_beyond if suspicion.collector == "increments" else case.many
    if dead < least:
        return None
    facts = Dead(dead, counts, suspicion.collector, frozen=suspicion.proved)
    return tell(suspicion, "garbage", "high", facts)


def _mostly_garbage(counts: Counts) -> bool:
    return (
        counts.examined >= thresholds.ENOUGH_EXAMINED
        and counts.garbage >= thresholds.MAJORITY * counts.examined
    )


KIND = VerdictKind("garbage")
"""What becomes of a suspected leak where a look finds most of it dead."""
