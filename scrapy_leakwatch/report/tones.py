"""How bad each kind of verdict is, and what it is called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.records import ALARMS, SEVERITY

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Told, Verdict

Tone = Literal["bad", "warn", "good", "quiet"]

TITLES = {
    "leak": "Leak",
    "hoard": "Hoard",
    "native": "Native memory",
    "unreleased": "Not released",
    "garbage": "Garbage",
    "fragmentation": "Fragmentation",
    "backlog": "Backlog",
    "inconclusive": "Inconclusive",
    "recovered": "Recovered",
}


def title(verdict: Verdict) -> str:
    """Return what a kind of verdict is called."""
    return TITLES.get(verdict.kind, verdict.kind.capitalize())


def tone(verdict: Verdict) -> Tone:
    """Tell how bad a verdict is: what somebody must act on is ``bad``."""
    if verdict.suppressed:
        return "quiet"
    if verdict.kind == "recovered":
        return "good"
    return "bad" if _is_alarm(verdict) else "warn"


def by_severity(told: tuple[Told, ...]) -> list[Told]:
    """Return verdicts, the worst first; those known and accepted come last."""
    return sorted(told, key=_rank)


def _is_alarm(verdict: Verdict) -> bool:
    return verdict.kind in ALARMS or verdict.kind not in SEVERITY


def _rank(told: Told) -> tuple[bool, int]:
    verdict = told.verdict
    order = SEVERITY.index(verdict.kind) if verdict.kind in SEVERITY else 0
    return verdict.suppressed, order
