"""Puts together what stands on lines of its own: verdicts, and who was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import merge
from typing import TYPE_CHECKING, TypeAlias

from scrapy_leakwatch.recordings import before_ids
from scrapy_leakwatch.records import Explanation, Layers, Told, Unexplained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scrapy_leakwatch.records import Verdict

Finding: TypeAlias = "Explanation | Unexplained | Layers"


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict, its place among the lines, and when it was reached."""

    line: int
    time: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What a look found, with the id of the verdict that rests on it, if one does.

    ``refers``: the line says that, or that none does; older versions say neither.
    """

    line: int
    time: float
    finding: Finding
    verdict: int | None
    refers: bool


def told(said: Sequence[VerdictLine], found: Sequence[FindingLine]) -> tuple[Told, ...]:
    """Return the verdicts, each with its case and what was found on it."""
    has_ids = all(each.verdict.id for each in said)
    if not has_ids or not all(each.refers for each in found):
        return before_ids.told(said, found)
    return _told(said, found)


def _told(
    said: Iterable[VerdictLine], found: Iterable[FindingLine]
) -> tuple[Told, ...]:
    """Join by id; what is told again keeps its id, and has found what follows it."""
    verdicts: list[Told] = []
    latest: dict[int, int] = {}
    lines: Iterator[VerdictLine | FindingLine] = merge(
        said, found, key=lambda each: each.line
    )
    for each in lines:
        if isinstance(each, VerdictLine):
            case = each.verdict.withdraws or each.verdict.id
            before = verdicts[latest[case]] if case in latest else None
            latest[case] = len(verdicts)
            kept = _kept(each.verdict, before)
            verdicts.append(Told(each.time, each.verdict, kept, case))
        elif each.verdict in latest:
            at = latest[each.verdict]
            verdicts[at] = replace(verdicts[at], found=each.finding)
    return tuple(verdicts)


def _kept(verdict: Verdict, before: Told | None) -> Explanation | None:
    """Return who held what a verdict withdraws: nobody looks again for that."""
    if verdict.withdraws is None or before is None:
        return None
    return before.found if isinstance(before.found, Explanation) else None


def dismissed(
    verdicts: Iterable[Told], found: Iterable[FindingLine]
) -> tuple[Explanation | Unexplained, ...]:
    """Return what was found where no verdict rests on it."""
    used = {id(each.found) for each in verdicts}
    return tuple(
        each.finding
        for each in found
        if not isinstance(each.finding, Layers)
        and each.verdict is None
        and id(each.finding) not in used
    )


def standing(verdicts: Iterable[Told]) -> tuple[Told, ...]:
    """Return the latest of each case, in the order they were reached."""
    latest: dict[int, Told] = {}
    for each in verdicts:
        latest.pop(each.case, None)
        latest[each.case] = each
    return tuple(latest.values())
