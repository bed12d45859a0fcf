"""Puts together verdicts and findings that do not say what belongs to what.

Recordings of older versions have no ids: there what was said and found must be
likened by subject, signature and time. Nothing else reads these names and words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from scrapy_leakwatch.records import Explanation, Layers, Told, Unexplained

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapy_leakwatch.recordings.matching import FindingLine, VerdictLine
    from scrapy_leakwatch.records import Verdict

Finding: TypeAlias = "Explanation | Unexplained | Layers"
Subject: TypeAlias = "tuple[str, str]"

TOGETHER_S = 5.0
"""A verdict and what it rests on are written one after the other."""


def told(said: Iterable[VerdictLine], found: Sequence[FindingLine]) -> tuple[Told, ...]:
    """Return the verdicts, each with its case and what was found on it."""
    cases: dict[Subject, int] = {}
    latest: dict[Subject, Verdict] = {}
    verdicts = []
    for each in said:
        time, verdict = each.time, each.verdict
        subject = _subject(verdict)
        if verdict.kind == "recovered":
            subject = _withdrawn(verdict, latest) or subject
        latest.pop(subject, None)
        latest[subject] = verdict
        case = cases.setdefault(subject, len(cases) + 1)
        verdicts.append(Told(time, verdict, _nearest(time, verdict, found), case))
    return tuple(verdicts)


def _nearest(
    time: float, verdict: Verdict, found: Sequence[FindingLine]
) -> Finding | None:
    about = [
        (abs(each.time - time), each.finding)
        for each in found
        if _is_about(each.finding, verdict)
        and (verdict.signature or abs(each.time - time) <= TOGETHER_S)
    ]
    return min(about, key=lambda each: each[0], default=(0.0, None))[1]


def _is_about(finding: Finding, verdict: Verdict) -> bool:
    if isinstance(finding, Layers):
        return verdict.kind in {"native", "fragmentation", "inconclusive"} and (
            _subject(verdict) == _MEMORY
        )
    if (finding.subject, finding.class_path) != (verdict.subject, verdict.class_path):
        return False
    signature = finding.signature if isinstance(finding, Explanation) else None
    return not verdict.signature or signature == verdict.signature


_MEMORY = ("memory", "")


def _subject(verdict: Verdict) -> Subject:
    """Return what tells the subjects of a crawl apart.

    All responses are one subject, called after the class of the oldest.
    """
    if verdict.subject == "memory":
        return _MEMORY
    if verdict.kind == "backlog":
        return "queue", ""
    if verdict.kind == "hoard":
        return "container", verdict.subject
    if verdict.kind == "unreleased":
        return "resource", verdict.signature or verdict.message
    if verdict.subject.endswith("Response"):
        return "objects", "responses"
    return "objects", f"{verdict.class_path} {verdict.subject}"


def _withdrawn(verdict: Verdict, latest: dict[Subject, Verdict]) -> Subject | None:
    """Return which subject a verdict is withdrawn of; it says so in words."""
    told = [
        (subject, each.kind)
        for subject, each in reversed(latest.items())
        if each.subject == verdict.subject and each.kind != "recovered"
    ]
    named = [subject for subject, kind in told if f" {kind} " in verdict.message]
    return next(iter(named + [subject for subject, _ in told]), None)
