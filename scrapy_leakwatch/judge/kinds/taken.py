"""Suspects what is taken again and again while the crawl runs, and not given back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth, growth_of, lows
from scrapy_leakwatch.judge.headroom import room_for
from scrapy_leakwatch.judge.history import RESOURCES
from scrapy_leakwatch.judge.told import Key
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import (
    Explanation,
    Growth,
    PilingUp,
    Suspicion,
    Unexplained,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.judge.told import Standing
    from scrapy_leakwatch.records import Confidence, Sample, Verdict


SUBJECTS = {
    "pages": "browser page",
    "contexts": "browser context",
    "children": "child process",
    "tasks": "asyncio task",
    "threads": "Thread",
    "sockets": "socket",
    "files": "open file",
    "timers": "timer",
}
"""By the field of `ResourceCounts`. What may be part of another comes later."""

ENTRIES = {
    "BufferedReader": "files",
    "BufferedWriter": "files",
    "FileIO": "files",
    "TextIOWrapper": "files",
    "DelayedCall": "timers",
    "TimerHandle": "timers",
    "Popen": "children",
    "Task": "tasks",
    "Thread": "threads",
    "socket": "sockets",
}
"""By the class of what a path of a bill has most of."""

PARTS = {"contexts": 1, "children": 3, "sockets": 2, "files": 3, "timers": 1}
"""So many of these one of another kind may bring along."""


def name_of(suspicion: Suspicion) -> str:
    """Return the field of `ResourceCounts` that a suspicion is about."""
    return suspicion.judged_as.removeprefix(RESOURCES)


def all_are_seen(suspicion: Suspicion) -> bool:
    """Tell whether a look in the process finds all there are, whoever keeps them."""
    return name_of(suspicion) in {"pages", "contexts", "tasks", "timers"}


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield the kinds of resource that pile up as steadily as the crawl goes on."""
    uneven: list[str] = []
    for name in SUBJECTS:
        count = getattr(sample.resources, name, None)
        if count is None:
            uneven.append(name)
            continue
        if name == "pages" and _is_stuck(history, sample):
            yield _suspicion(name, count, Growth((count,), 0.0, 0.0), sample, case)
            continue
        series = history.resources(f"{RESOURCES}{name}")
        grown = growth(series, _steps(case), thresholds.RESOURCES_LEAST)
        if grown is None or not _is_steady(grown):
            uneven.append(name)
        elif not _may_come_along(name, grown, history, uneven, case):
            yield _suspicion(name, count, grown, sample, case)


def verdict_on(suspicion: Suspicion, found: Found, _: Case) -> Verdict | None:
    """Return the verdict, None where pools have them, or another crawl.

    That so many are there was counted; only whose they are may not be known.
    """
    confidence: Confidence = "medium"
    if isinstance(found, Explanation):
        if "foreign" in found.traits:
            return None
        confidence = "medium" if found.likely else "high"
    elif isinstance(found, Unexplained) and found.gone:
        return None
    facts = PilingUp(name_of(suspicion), found)
    verdict = tell(suspicion, "unreleased", confidence, facts, found)
    if isinstance(found, Explanation):
        verdict = replace(verdict, subject=found.subject, class_path=found.class_path)
    return _with_limit(verdict, suspicion)


def left(history: History, judged_as: str, _: int, __: Case) -> Sequence[Point]:
    """Return how many there were in the samples."""
    return history.resources(judged_as)


def is_part(suspicion: Suspicion, told: Mapping[Key, Standing]) -> bool:
    """Tell whether they come along with something else of which it was told.

    A child process has pipes, a task that sleeps a timer.
    """
    most = PARTS.get(name_of(suspicion), 0)
    return any(
        suspicion.growth.per_1000_responses
        <= (most + 0.5) * each.verdict.growth.per_1000_responses
        for key, each in told.items()
        if key.rule == "samples"
        and key.name.startswith(RESOURCES)
        and key.name != suspicion.judged_as
        and each.verdict.kind == "unreleased"
    )


def are_the_same(verdict: Verdict, kind: str, count: int) -> bool:
    """Tell whether so many of a class, by its name, are those that a verdict counts.

    The latest of both may be as old as it takes to tell of twice as many.
    """
    return (
        verdict.kind == "unreleased"
        and verdict.subject == SUBJECTS.get(ENTRIES.get(kind, ""))
        and thresholds.TOLD_AGAIN**2 * count >= verdict.unaccounted
    )


def _is_stuck(history: History, sample: Sample) -> bool:
    """Tell whether the crawl waits for a page, and no callback is left to close one."""
    limits, progress = sample.limits, sample.progress
    if limits is None or limits.pages_free is None or limits.pages_free > 0:
        return False
    if progress is None or progress.scraping or not progress.downloading:
        return False
    late = history.resources(f"{RESOURCES}pages")[-thresholds.STALLED_SAMPLES :]
    return (
        len(late) == thresholds.STALLED_SAMPLES
        and late[0].received == late[-1].received
        and late[-1].time - late[0].time >= thresholds.STALLED_LEAST_S
    )


def _may_come_along(
    name: str, grown: Growth, history: History, uneven: list[str], case: Case
) -> bool:
    """Tell whether an ``uneven`` kind grows as well, and may bring these along.

    Those are told first, but not yet: this sample did not count them, or they come and
    go as well, as tasks do.
    """
    per_1000 = grown.per_1000_responses / (PARTS.get(name, 0) + 0.5)
    return any(grows_so(each, per_1000, history, case) for each in uneven)


def grows_so(name: str, per_1000: float, history: History, case: Case) -> bool:
    """Tell whether there are so many more of a kind, though not in each of many steps.

    ``name`` is the field of `ResourceCounts`. Each half of its series says so. Where
    there is much of a kind not each sample counts it: as long as there are not twice as
    many points as steps the latest may say it.
    """
    points = history.resources(f"{RESOURCES}{name}")
    if len(points) < LATE:
        return False
    is_new = len(points) <= 2 * _steps(case) + 1  # the first is no part of a step
    if is_new and _per_1000(points[-LATE:]) >= per_1000:
        return True
    halves = growth_of(lows(points, steps=2))
    least = thresholds.RESOURCES_STEADY * per_1000
    return halves.per_1000_responses >= per_1000 and halves.weakest_per_1000 >= least


def _steps(case: Case) -> int:
    return thresholds.RESOURCES_STEPS * case.min_samples


def _per_1000(points: Sequence[Point]) -> float:
    return growth_of(points).per_1000_responses


LATE = 3
"""Points of a series."""


def of_browser(owner: str, told: Mapping[Key, Standing]) -> int | None:
    """Return the number of the verdict on a browser's pages or contexts, if one stands.

    Where ``owner`` is the handler that has them, what grows there is part of that.
    """
    for name in ("pages", "contexts"):
        known = told.get(Key("samples", f"{RESOURCES}{name}"))
        if known is not None and known.verdict.kind == "unreleased":
            return known.verdict.id if BROWSER_HANDLER in owner else None
    return None


BROWSER_HANDLER = "ScrapyPlaywrightDownloadHandler"


def _is_steady(grown: Growth) -> bool:
    weakest, mean = grown.weakest_per_1000, grown.per_1000_responses
    return weakest >= thresholds.RESOURCES_STEADY * mean


def _suspicion(
    name: str, count: int, grown: Growth, sample: Sample, case: Case
) -> Suspicion:
    return Suspicion(
        kind="unreleased",
        judged_as=f"{RESOURCES}{name}",
        subject=SUBJECTS[name],
        class_path="",
        spider=case.spider,
        count=count,
        unaccounted=count,
        growth=grown,
        proved=True,
        oldest_s=0.0,
        example_url="",
        memory=sample.memory,
        memory_limit=sample.memory_limit,
        room=room_for(name, sample),
    )


def _with_limit(verdict: Verdict, suspicion: Suspicion) -> Verdict:
    room, per_min = suspicion.room, suspicion.growth.per_min
    if room is None:
        return replace(verdict, limit=None, limit_in_s=None)
    in_s = 60 * room.left / per_min if per_min > 0 else None
    return replace(verdict, limit=room.limit, limit_in_s=in_s, limit_of=room.of)
