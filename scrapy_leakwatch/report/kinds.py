"""The words of each kind of verdict: its title, how bad it is, and what is said of it.

To add a kind write its words into `KINDS`; its rules are in a file of
``judge/kinds/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.records import SEVERITY
from scrapy_leakwatch.report.lines import ALARMING, HEALTHY, TOLD

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Kind, Told, Verdict

Tone = Literal["bad", "warn", "good", "quiet"]


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a report says of one kind of verdict.

    ``tone`` is ``bad`` where somebody must act. ``sentence`` is the verdict in one
    sentence, about its ``{subject}``, and ``of_holder`` the one where its
    ``{holder}`` is known; without a sentence the message stands for it, and with one
    the message is the detail. Where it is ``counted`` the detail is the amount, of
    what is named here, and the line of code; ``deed`` is what that line did.
    """

    name: Kind
    title: str
    tone: Tone
    sentence: str = ""
    of_holder: str = ""
    counted: str = ""
    deed: str = "put there by"


KINDS: tuple[KindWords, ...] = (
    KindWords(
        "leak",
        "Leak",
        "bad",
        sentence="{subject} leaks, and who holds them is not known.",
        of_holder="{subject} leaks: {holder} keeps them alive.",
        counted="were alive",
    ),
    KindWords("stalled", "Stalled", "bad", deed="waits at"),
    KindWords("unreleased", "Not released", "bad", deed="taken by"),
    KindWords(
        "hoard",
        "Hoard",
        "bad",
        sentence="{subject} grows without bound.",
        counted="entries",
    ),
    KindWords(
        "native",
        "Native memory",
        "bad",
        sentence="Memory outside Python grows.",
    ),
    KindWords(
        "garbage",
        "Garbage",
        "warn",
        sentence="No leak, but dead {subject} objects wait for Python's collector.",
    ),
    KindWords(
        "fragmentation",
        "Fragmentation",
        "warn",
        sentence="No leak, but memory that Python freed stays with the process.",
    ),
    KindWords(
        "backlog",
        "Backlog",
        "warn",
        sentence="No leak, but requests pile up in memory.",
    ),
    KindWords(
        "inconclusive",
        "Inconclusive",
        "warn",
        sentence="Not sure: {subject} grows, and nothing proves a leak.",
    ),
    KindWords("recovered", "Recovered", "good"),
)
"""The worst first."""

_BY_NAME = {kind.name: kind for kind in KINDS}
_STYLES: dict[Tone, str] = {"bad": ALARMING, "good": HEALTHY}


def words_of(verdict: Verdict) -> KindWords:
    """Return the words of its kind; plain ones of one that is not known here."""
    name = verdict.kind
    return _BY_NAME.get(name) or KindWords(name, name.capitalize(), "bad")


def title(verdict: Verdict) -> str:
    """Return what a kind of verdict is called."""
    return words_of(verdict).title


def tone(verdict: Verdict) -> Tone:
    """Tell how bad a verdict is: what somebody must act on is ``bad``."""
    return "quiet" if verdict.suppressed else words_of(verdict).tone


def paint(verdict: Verdict) -> str:
    """Return the style of its kind on a terminal; the unknown are only told."""
    known = _BY_NAME.get(verdict.kind)
    return _STYLES.get(known.tone, TOLD) if known else TOLD


def by_severity(told: tuple[Told, ...]) -> list[Told]:
    """Return verdicts, the worst first; those known and accepted come last."""
    return sorted(told, key=_rank)


def _rank(told: Told) -> tuple[bool, int]:
    verdict = told.verdict
    order = SEVERITY.index(verdict.kind) if verdict.kind in SEVERITY else 0
    return verdict.suppressed, order
