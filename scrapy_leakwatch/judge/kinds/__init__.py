"""The kinds of verdict, one file each: what is suspected, and what becomes of it.

To add one write its name among the `records.Alarm` or the `records.Notice`, at the
place of its severity, and a file with its `VerdictKind` beside these; put that in here.
Its words are in a file of ``report/kinds/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from scrapy_leakwatch.judge.kinds import (
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
from scrapy_leakwatch.judge.kinds.kind import VerdictKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import Kind, Layers, Sample, Suspicion, Verdict

__all__ = [
    "KINDS",
    "VerdictKind",
    "kind_of",
    "suspicions",
    "verdict_on",
    "verdict_on_layers",
]

KINDS: tuple[VerdictKind, ...] = (
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
"""The worst first: a leak explains what else grows, and not the other way round."""

_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(told: Suspicion | Verdict) -> VerdictKind:
    """Return what is known of the kind of a suspicion or a verdict."""
    return _BY_NAME[told.kind]


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield what is counted and grows where it should not."""
    for kind in KINDS:
        if kind.suspicions is not None:
            yield from kind.suspicions(history, sample, case)


def verdict_on(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Return the verdict, None where the suspicion was not borne out.

    ``found`` is None where nobody was to look.
    """
    judge = kind_of(suspicion).verdict_on
    if judge is None:
        _refuse(suspicion.kind)
    return judge(suspicion, found, case)


def verdict_on_layers(
    suspicion: Suspicion,
    layers: Layers,
    before: Layers | None = None,
    explained_bytes: float = 0.0,
) -> Verdict | None:
    """Return the verdict on memory, None where the suspicion was not borne out.

    Free memory speaks for itself. Of growth one look can't tell what grew: it
    takes one ``before``, and what other verdicts explain of the growth since
    then (bytes).
    """
    judge = kind_of(suspicion).verdict_on_layers
    if judge is None:
        _refuse(suspicion.kind)
    return judge(suspicion, layers, before, explained_bytes)


def _refuse(kind: Kind) -> NoReturn:
    raise LookupError(f"no rule judges what is suspected to be {kind} by this")
