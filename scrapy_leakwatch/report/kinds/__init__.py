"""The words of each kind of verdict, one file each: what it says, and how bad it is.

To add one write a file with its `KindWords` beside these and put that in here; its
rules are in a file of ``judge/kinds/``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import SEVERITY
from scrapy_leakwatch.report.kinds import (
    backlog,
    children,
    fragmentation,
    garbage,
    hoard,
    inconclusive,
    leak,
    native,
    recovered,
    stalled,
    unreleased,
)
from scrapy_leakwatch.report.kinds.kind import KindWords
from scrapy_leakwatch.report.lines import ALARMING, HEALTHY, TOLD

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Told, Verdict
    from scrapy_leakwatch.report.kinds.kind import Tone

KINDS: tuple[KindWords, ...] = (
    leak.KIND,
    stalled.KIND,
    unreleased.KIND,
    hoard.KIND,
    children.KIND,
    native.KIND,
    garbage.KIND,
    fragmentation.KIND,
    backlog.KIND,
    inconclusive.KIND,
    recovered.KIND,
)
"""The worst first."""

_BY_NAME = {kind.name: kind for kind in KINDS}
_STYLES: dict[Tone, str] = {"bad": ALARMING, "good": HEALTHY}


def words_of(verdict: Verdict) -> KindWords:
    """Return the words of its kind; plain ones of one that is not known here."""
    name = verdict.kind
    return _BY_NAME.get(name) or KindWords(name, name.capitalize(), "bad", {})


def worded(verdict: Verdict) -> Verdict:
    """Return a verdict of the judge in words, which stand for its facts."""
    say = words_of(verdict).words[type(verdict.facts)]
    words = say(verdict, verdict.facts)
    return replace(verdict, facts=None, **words._asdict())


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
