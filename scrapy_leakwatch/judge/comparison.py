"""Compares two crawls: what leaks anew, what no longer does, what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.owners import not_comparable, owners
from scrapy_leakwatch.judge.sufficiency import could_not_show, extent, too_little
from scrapy_leakwatch.records import ALARMS, TURNS, Change, Comparison, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy_leakwatch.records import Crawl, Told, Turn, Verdict

    Pair = tuple[Told, Told]


def accused(crawl: Crawl) -> tuple[Told, ...]:
    """Return what somebody must act on, as it stands: not withdrawn, not accepted."""
    return tuple(told for told in crawl.standing if is_alarm(told.verdict))


def compare(before: Crawl, after: Crawl) -> Comparison:
    """Return the changes by their signatures, or why that can't be said.

    A crawl that was watched too briefly shows neither that something leaks nor
    that it does not.
    """
    if why := too_little(before):
        return Comparison(refused=Refusal("before", why))
    if why := too_little(after):
        return Comparison(refused=Refusal("after", why))
    changes = tuple(_changes(before, after))
    gone = [change.told for change in changes if change.turn == "gone"]
    for told in gone:
        why = could_not_show(extent(after), told)
        if why and is_alarm(told.verdict):
            return Comparison(refused=Refusal("after", why))
    return Comparison(
        tuple(sorted(changes, key=lambda each: TURNS.index(each.turn))),
        owners=owners(before, after),
        owners_refused=not_comparable(before, after),
    )


def _changes(before: Crawl, after: Crawl) -> Iterator[Change]:
    old, new = standing(before), standing(after)
    for one, other in _pairs(old, new):
        yield Change(_turn(one.verdict, other.verdict), one, other)
    for told in new:
        yield Change("new", None, told, failing=is_alarm(told.verdict))
    for told in old:
        yield Change("gone", told, None)


def _pairs(old: list[Told], new: list[Told]) -> Iterator[Pair]:
    """Yield what has the same cause, the surest first, and take it out."""
    for same in (_same_cause_and_subject, _same_cause, _same_subject_unsigned):
        for told in list(old):
            match = _first(new, told, same)
            if match is not None:
                old.remove(told)
                new.remove(match)
                yield told, match


def _first(
    new: list[Told], told: Told, same: Callable[[Verdict, Verdict], bool]
) -> Told | None:
    return next((each for each in new if same(told.verdict, each.verdict)), None)


def _same_cause_and_subject(one: Verdict, other: Verdict) -> bool:
    return _same_cause(one, other) and one.subject == other.subject


def _same_cause(one: Verdict, other: Verdict) -> bool:
    return one.signature is not None and one.signature == other.signature


def _same_subject_unsigned(one: Verdict, other: Verdict) -> bool:
    """Tell whether it may be the same: of one, nobody knows the cause."""
    known = one.signature is not None and other.signature is not None
    return not known and (one.kind, one.subject) == (other.kind, other.subject)


def _turn(one: Verdict, other: Verdict) -> Turn:
    was, now = amount(one), amount(other)
    if now > was * (1 + thresholds.RATE_NOTICEABLE):
        return "grown"
    return "shrunk" if now < was * (1 - thresholds.RATE_NOTICEABLE) else "same"


def amount(verdict: Verdict) -> float:
    """Return what tells how bad it is: what is left at the end has no rate."""
    if verdict.kind == "unreleased":
        return verdict.count
    return verdict.growth.per_1000_responses


def standing(crawl: Crawl) -> list[Told]:
    """Return the verdicts that were not withdrawn."""
    return [told for told in crawl.standing if told.verdict.kind != "recovered"]


def is_alarm(verdict: Verdict) -> bool:
    """Tell whether somebody must act on a verdict."""
    return not verdict.suppressed and verdict.kind in ALARMS
