"""Takes back a verdict that no longer holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import lows
from scrapy_leakwatch.judge.history import OVERDUE, RSS
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.records import Withdrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.records import Verdict

KIND = VerdictKind("recovered")
"""What becomes of a verdict, of whatever kind, that is withdrawn."""


def by_samples(
    key: str, verdict: Verdict, told_at: int, left: Sequence[Point], case: Case
) -> Verdict | None:
    """Return that a verdict is withdrawn, None as long as it holds.

    ``key`` is what it is judged as, ``told_at`` the responses received when it
    was reached, ``left`` what was held in the samples. In each of the last
    ``min_samples`` of them at most half of what was held must be left; or it has
    stood still for the later half of all responses.
    """
    if verdict.kind == "recovered" or len(left) < case.min_samples:
        return None
    most = max(point.held for point in left[-case.min_samples :])
    now = left[-1].held
    gone = most <= _harmless(key, verdict)
    counted = key not in {RSS, OVERDUE}
    if not gone and not (counted and _stands_still(verdict, told_at, left, case)):
        return None
    facts = Withdrawn(verdict, stands_still=not gone)
    count = verdict.count if verdict.kind == "children" else now
    left_bytes = now if verdict.bytes else 0
    return replace(_withdrawn(facts), count=count, unaccounted=now, bytes=left_bytes)


def by_weight(verdict: Verdict, now: int) -> Verdict | None:
    """Return that it is withdrawn, None where a bill still shows more than a part.

    ``now`` is what its path weighs, in bytes.
    """
    if verdict.kind == "recovered" or now > thresholds.PATH_LEFT * verdict.bytes:
        return None
    return replace(
        _withdrawn(Withdrawn(verdict)),
        bytes=now,
        unaccounted=now,
        share_of_growth=None,
    )


def by_cause(verdict: Verdict, cause: Verdict | None) -> Verdict:
    """Return that it is withdrawn, since another verdict says why memory grows.

    Without a ``cause`` that is one of another crawl of the process.
    """
    facts = Withdrawn(verdict, cause=cause, beside=cause is None)
    return replace(_withdrawn(facts), cause=cause.id if cause else None)


def _withdrawn(facts: Withdrawn) -> Verdict:
    return replace(facts.before, kind="recovered", limit_in_s=None, facts=facts)


def _harmless(key: str, verdict: Verdict) -> float:
    if key == RSS:
        return verdict.count - (1 - thresholds.RECOVERED_LEFT) * verdict.unaccounted
    return thresholds.RECOVERED_LEFT * verdict.unaccounted


def _stands_still(
    verdict: Verdict, told_at: int, points: Sequence[Point], case: Case
) -> bool:
    """Tell whether it has not grown, apart from the dead that come and go."""
    half = points[-1].received / 2
    late = [point for point in points if point.received >= half]
    if half < told_at or len(late) < case.min_samples:
        return False
    first, last = lows(late, steps=1)
    if (
        max(point.held for point in late[len(late) // 2 :])
        > thresholds.RECOVERED_WITH_DEAD * last.held
    ):
        return False
    foretold = verdict.growth.per_1000_responses * (last.received - first.received)
    return abs(last.held - first.held) <= thresholds.RECOVERED_RATE * foretold / 1000
