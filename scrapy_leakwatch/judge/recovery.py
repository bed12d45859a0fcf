"""Withdraws a verdict that no longer holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import lows
from scrapy_leakwatch.judge.history import QUEUE, RSS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.records import Verdict


def recovered(
    key: str, verdict: Verdict, told_at: int, history: History, case: Case
) -> Verdict | None:
    """Return that a verdict is withdrawn, None as long as it holds.

    ``key`` is what it is judged as, ``told_at`` the responses received when it
    was reached. In each of the last ``min_samples`` samples at most half of
    what was held must be left; or it has stood still for the later half of all
    responses.
    """
    points = _points(key, verdict, told_at, history, case)
    if verdict.kind == "recovered" or len(points) < case.min_samples:
        return None
    most = max(point.held for point in points[-case.min_samples :])
    now = points[-1]
    if most <= _harmless(key, verdict):
        why = "most of it is gone"
    elif key != RSS and _stands_still(verdict, told_at, points, case):
        why = "it has stopped growing"
    else:
        return None
    return replace(
        verdict,
        kind="recovered",
        count=now.held,
        unaccounted=now.held,
        message=f"{verdict.subject}: the verdict {verdict.kind} no longer holds, {why}:"
        f" {_amount(key, now.held)} now, {_amount(key, verdict.unaccounted)} then",
        limit_in_s=None,
        caveat=None,
        remedy="",
    )


def _points(
    key: str, verdict: Verdict, told_at: int, history: History, case: Case
) -> Sequence[Point]:
    """Return what is held now: of objects without the dead, where that was seen."""
    if key in {RSS, QUEUE} or verdict.kind == "hoard":
        return history.lengths(key)
    floors = [point for point in history.floors(key) if point.received > told_at]
    return floors if len(floors) >= case.min_samples else history.levels(key)


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


def _amount(key: str, number: int) -> str:
    return f"{number / 1e6:,.0f} MB" if key == RSS else f"{number:,}"
