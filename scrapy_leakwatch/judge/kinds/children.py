"""Memory in child processes that grows: suspects it, and says who started them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth_of, rising_lows
from scrapy_leakwatch.judge.history import CHILDREN, RSS
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.verdicts import explained, limit_in_s, tell
from scrapy_leakwatch.records import Explanation, Processes, Program, Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Children, Resource, Sample, Verdict


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield that the child processes grow, if they do, and do not just start up."""
    seen = sample.children
    if seen is None:
        return
    lows = _rising(history.lengths(CHILDREN), case)
    if not lows:
        return
    grown = growth_of(lows)
    if grown.weakest_per_1000 < thresholds.CHILDREN_STEADY * grown.per_1000_responses:
        return
    program = _grown_most(history, seen, lows)
    yield Suspicion(
        kind="children",
        judged_as=CHILDREN,
        subject=CHILDREN,
        class_path=program.name,
        spider=case.spider,
        count=program.count,
        unaccounted=seen.bytes,
        growth=grown,
        proved=True,
        oldest_s=0.0,
        example_url="",
        memory=sample.memory,
        memory_limit=sample.container_limit,
        beside=seen.bytes,
        rss_per_min=_rss_per_min(history, lows),
    )


def _rising(points: Sequence[Point], case: Case) -> list[Point]:
    before = max((point.held for point in points[: len(points) // 2]), default=0)
    least = max(thresholds.CHILDREN_LEAST, int(thresholds.CHILDREN_SHARE * before))
    return rising_lows(points, thresholds.CHILDREN_STEPS * case.min_samples, least)


def _grown_most(history: History, seen: Children, lows: list[Point]) -> Program:
    """Return the program that has most of the growth; all of them where none has."""
    grown = {
        each: each.bytes - _at(history.program(each.name), lows[0].time)
        for each in seen.programs
    }
    most = max(grown, key=lambda each: grown[each], default=None)
    risen = lows[-1].held - lows[0].held
    if most is not None and grown[most] >= thresholds.CHILDREN_MOSTLY * risen:
        return most
    return Program("", seen.count, seen.bytes)


def _rss_per_min(history: History, lows: list[Point]) -> float:
    """Return how fast the crawl's own memory grew in the same time."""
    own = history.lengths(RSS)
    minutes = (lows[-1].time - lows[0].time) / 60
    grown = _at(own, lows[-1].time) - _at(own, lows[0].time)
    return max(grown, 0) / minutes if minutes > 0 else 0.0


def _at(points: Sequence[Point], time: float) -> int:
    """Return what was held at a time, 0 before the first point."""
    return next((each.held for each in reversed(points) if each.time <= time), 0)


def verdict_on(suspicion: Suspicion, found: Found, _: Case) -> Verdict | None:
    """Return the verdict: what was measured needs no proof."""
    per_min = suspicion.growth.per_min
    return replace(
        tell(suspicion, "children", "high", Processes(found), found),
        limit_in_s=limit_in_s(suspicion, per_min),
        bytes=suspicion.unaccounted,
        share_of_growth=(per_min / (per_min + suspicion.rss_per_min))
        if per_min
        else None,
    )


def started_by(suspicion: Suspicion, starter: Resource, fix: str) -> Explanation:
    """Return who started what grows; ``fix`` is what helps against its growth."""
    found = explained(starter, suspicion.spider, known_as="children")
    return replace(
        found,
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        fix=fix,
    )


KIND = VerdictKind(
    "children",
    suspicions=suspicions,
    verdict_on=verdict_on,
    left=lengths,
    asks="starters",
)
