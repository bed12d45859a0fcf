"""Puts together what stands on lines of its own: verdicts, and who was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from scrapy_leakwatch.records import Explanation, Layers, Told, Unexplained

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapy_leakwatch.records import Verdict

    Finding: TypeAlias = Explanation | Unexplained | Layers
    Said: TypeAlias = tuple[float, Verdict]
    Found: TypeAlias = tuple[float, Finding]

TOGETHER_S = 5.0
"""A verdict and what it rests on are written one after the other."""


def told(said: Iterable[Said], found: Sequence[Found]) -> tuple[Told, ...]:
    """Return the verdicts, each with what was found on it."""
    return tuple(
        Told(time, verdict, _nearest(time, verdict, found)) for time, verdict in said
    )


def dismissed(
    verdicts: Iterable[Told], found: Iterable[Found]
) -> tuple[Explanation | Unexplained, ...]:
    """Return what was found where no verdict rests on it."""
    used = {id(each.found) for each in verdicts}
    return tuple(
        finding
        for _, finding in found
        if not isinstance(finding, Layers) and id(finding) not in used
    )


def standing(verdicts: Iterable[Told]) -> tuple[Told, ...]:
    """Return the latest on each subject, in the order they were reached."""
    latest: dict[tuple[str, str], Told] = {}
    for each in verdicts:
        case = _case(each.verdict)
        if each.verdict.kind == "recovered":
            case = _withdrawn(each.verdict, latest) or case
        latest.pop(case, None)
        latest[case] = each
    return tuple(latest.values())


def _nearest(time: float, verdict: Verdict, found: Sequence[Found]) -> Finding | None:
    about = [
        (abs(then - time), finding)
        for then, finding in found
        if _is_about(finding, verdict)
        and (verdict.signature or abs(then - time) <= TOGETHER_S)
    ]
    return min(about, key=lambda each: each[0], default=(0.0, None))[1]


def _is_about(finding: Finding, verdict: Verdict) -> bool:
    if isinstance(finding, Layers):
        return verdict.kind in {"native", "fragmentation", "inconclusive"} and (
            _case(verdict) == _MEMORY
        )
    if (finding.subject, finding.class_path) != (verdict.subject, verdict.class_path):
        return False
    signature = finding.signature if isinstance(finding, Explanation) else None
    return not verdict.signature or signature == verdict.signature


_MEMORY = ("memory", "")


def _case(verdict: Verdict) -> tuple[str, str]:
    """Return what tells the subjects of a crawl apart.

    All responses are one subject, called after the class of the oldest.
    """
    if verdict.subject == "memory":
        return _MEMORY
    if verdict.kind == "backlog":
        return "queue", ""
    if verdict.kind == "hoard":
        return "container", verdict.subject
    if verdict.subject.endswith("Response"):
        return "objects", "responses"
    return "objects", f"{verdict.class_path} {verdict.subject}"


def _withdrawn(
    verdict: Verdict, latest: dict[tuple[str, str], Told]
) -> tuple[str, str] | None:
    """Return which case a verdict withdraws; it says so in words."""
    open_cases = [
        (case, each.verdict.kind)
        for case, each in latest.items()
        if each.verdict.subject == verdict.subject and each.verdict.kind != "recovered"
    ]
    named = [case for case, kind in open_cases if f" {kind} " in verdict.message]
    return next(iter([*named, *(case for case, _ in reversed(open_cases))]), None)
