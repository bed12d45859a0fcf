"""Follows causes through many recorded runs: since when, where, and whether still."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge.comparison import amount, is_alarm, standing
from scrapy_leakwatch.judge.sufficiency import could_not_show, extent, too_little
from scrapy_leakwatch.records import (
    SEVERITY,
    Cause,
    Course,
    Explanation,
    Past,
    PastRun,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from scrapy_leakwatch.records import Crawl, Series, Told, Unit

    Spider = tuple[str, str]
    Key = tuple[str, ...]

MOST_CAUSES = 1000
MOST_OF_A_RUN = 50
"""Verdicts of a run that are followed, the worst; a crawl seldom has a dozen."""


class _Seen(NamedTuple):
    """What a run had of a cause, in bytes where that is known, and as is."""

    bytes: float | None
    amount: float


@dataclass(slots=True)
class _Following:
    """A cause, and what each run of each spider had of it."""

    told: Told
    begun: float
    found: Explanation | None = None
    found_in: float = 0.0
    seen: dict[Spider, dict[Path, _Seen]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add(self, run: PastRun, told: Told) -> None:
        """Note that a run had it; the latest run says what it is."""
        if run.begun >= self.begun:
            self.told, self.begun = told, run.begun
        if isinstance(told.found, Explanation) and run.begun >= self.found_in:
            self.found, self.found_in = told.found, run.begun
        seen = _Seen(told.bytes_per_1000_responses, amount(told.verdict))
        self.seen[_spider(run)][run.path] = seen

    def take_over(self, other: _Following) -> None:
        """Take what runs had of another for what they had of this."""
        for spider, seen in other.seen.items():
            self.seen[spider] = seen | self.seen[spider]
        other.seen = {}
        if other.begun > self.begun:
            self.told, self.begun = other.told, other.begun


class Causes:
    """Takes runs in any order, and keeps of each no more than its causes need."""

    def __init__(self) -> None:
        self._runs: dict[tuple[object, ...], PastRun] = {}
        self._causes: dict[Key, _Following] = {}
        self._forgotten: set[Key] = set()

    def add(self, crawl: Crawl) -> PastRun | None:
        """Add a run; of one that was added before, return that and change nothing."""
        run = _past(crawl)
        identity = (*_spider(run), run.begun, crawl.run.pid)
        if identity in self._runs:
            return self._runs[identity]
        self._runs[identity] = run
        for told in _worst(standing(crawl)):
            key = _key(run, told)
            if key not in self._causes and len(self._causes) >= MOST_CAUSES:
                self._forgotten.add(key)
                continue
            following = self._causes.setdefault(key, _Following(told, run.begun))
            following.add(run, told)
        return None

    def past(self) -> Past:
        """Return what became of each cause, what must be acted on first."""
        runs = sorted(self._runs.values(), key=lambda run: run.begun)
        of: dict[Spider, list[PastRun]] = defaultdict(list)
        for run in runs:
            of[_spider(run)].append(run)
        causes = [_cause(each, of) for each in self._joined()]
        return Past(tuple(runs), tuple(sorted(causes, key=_rank)), len(self._forgotten))

    def _joined(self) -> list[_Following]:
        """Return the causes; one that nobody explained in some run is what it was."""
        signed: dict[Key, _Following] = {
            (*spider, each.told.verdict.kind, each.told.verdict.subject): each
            for each in self._causes.values()
            if each.told.verdict.signature is not None
            for spider in each.seen
        }
        for key, each in self._causes.items():
            if key in signed:  # only what has no signature has such a key
                signed[key].take_over(each)
        return [each for each in self._causes.values() if each.seen]


def leaking(past: Past) -> bool:
    """Tell whether somebody must act on what the last runs had."""
    return any(is_alarm(cause.told.verdict) and not cause.gone for cause in past.causes)


def _past(crawl: Crawl) -> PastRun:
    return PastRun(
        project=crawl.run.project,
        spider=crawl.run.spider,
        begun=crawl.run.time,
        ended=crawl.ended,
        path=crawl.path,
        complete=crawl.complete,
        extent=None if too_little(crawl) else extent(crawl),
    )


def _spider(run: PastRun) -> Spider:
    return run.project, run.spider


def _key(run: PastRun, told: Told) -> Key:
    """Return what a cause is known by: its signature, in all spiders.

    One without is known by its spider, kind and subject.
    """
    verdict = told.verdict
    if verdict.signature is not None:
        return (verdict.signature,)
    return (*_spider(run), verdict.kind, verdict.subject)


def _worst(told: Iterable[Told]) -> list[Told]:
    return sorted(told, key=_severity)[:MOST_OF_A_RUN]


def _severity(told: Told) -> tuple[bool, int]:
    verdict = told.verdict
    order = SEVERITY.index(verdict.kind) if verdict.kind in SEVERITY else len(SEVERITY)
    return verdict.suppressed, order


def _rank(cause: Cause) -> tuple[bool, tuple[bool, int], float]:
    return cause.gone, _severity(cause.told), -cause.latest


def _cause(following: _Following, of: dict[Spider, list[PastRun]]) -> Cause:
    told, unit = following.told, _unit(following)
    courses = (
        _course(of[spider], seen, told, unit) for spider, seen in following.seen.items()
    )
    if not isinstance(told.found, Explanation) and following.found is not None:
        told = replace(told, found=following.found)
    ordered = sorted(courses, key=lambda each: (bool(each.gone_since), each.spider))
    return Cause(told, unit, tuple(ordered))


def _unit(following: _Following) -> Unit:
    """Return bytes, where those are known of any run."""
    if following.told.verdict.kind == "unreleased":
        return "left"
    known = (each.bytes for runs in following.seen.values() for each in runs.values())
    return "bytes" if any(known) else "objects"


def _course(
    runs: list[PastRun], seen: dict[Path, _Seen], told: Told, unit: Unit
) -> Course:
    able = [_could_show(run, told) for run in runs]
    there = [number for number, run in enumerate(runs) if run.path in seen]
    first, last = there[0], there[-1]
    later = [number for number in range(last + 1, len(runs)) if able[number]]
    return Course(
        project=runs[first].project,
        spider=runs[first].spider,
        runs=len(there),
        of=len(runs),
        rates=_rates(runs, seen, able, unit),
        first=runs[first],
        last=runs[last],
        new=any(able[:first]),
        absent=len(later),
        gone_since=runs[later[0]] if later else None,
    )


def _could_show(run: PastRun, told: Told) -> bool:
    return run.extent is not None and could_not_show(run.extent, told) is None


def _rates(
    runs: list[PastRun], seen: dict[Path, _Seen], able: list[bool], unit: Unit
) -> Series:
    rates: list[float | None] = []
    for run, could in zip(runs, able, strict=True):
        had = seen.get(run.path)
        if had is None:
            rates.append(0.0 if could else None)
        else:
            rates.append(had.bytes if unit == "bytes" else had.amount)
    return tuple(rates)
