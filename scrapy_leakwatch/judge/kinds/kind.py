"""What a kind of verdict consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scrapy_leakwatch.judge.bills import BillCase
    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.growth import Point
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.told import Key, Standing
    from scrapy_leakwatch.records import (
        Explanation,
        Kind,
        Layers,
        Sample,
        Suspicion,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | None


Asks = Literal[
    "holders", "container", "queue", "starters", "takers", "waiters", "layers"
]
"""What must be known of a suspicion: who holds the objects, what is in a container or
in the queue, who started the processes, takes the resources or waits for what, or which
layer the memory is in."""


def lengths(history: History, judged_as: str, _: int, __: Case) -> Sequence[Point]:
    """Return how long a container or a queue was, or how large the memory."""
    return history.lengths(judged_as)


def objects(
    history: History, judged_as: str, told_at: int, case: Case
) -> Sequence[Point]:
    """Return how many were held: without the dead, where that was seen since."""
    floors = [p for p in history.floors(judged_as) if p.received > told_at]
    return floors if len(floors) >= case.min_samples else history.levels(judged_as)


@dataclass(frozen=True, slots=True)
class VerdictKind:
    """A kind of verdict: the rules that lead to it, and those that take it back.

    ``suspicions`` yields what is counted and grows, from one sample and the past;
    ``asks`` is what somebody must look for then;
    ``verdict_on`` says what becomes of such a suspicion once somebody has looked,
    and ``verdict_on_layers`` of one about memory. Both return None where it was not
    borne out, or the verdict, which may be of another kind. ``is_part`` tells that
    a suspicion is part of what was told already. ``weighed`` adds what the memory
    bills say. ``measure`` is how much there is of a suspicion: a dismissed one is
    news again when that has grown. ``left`` is the series that shows whether it still
    holds: by a key of `History`, since so many responses were received.

    A kind without rules of its own is what becomes of others' suspicions.
    """

    name: Kind
    suspicions: Callable[[History, Sample, Case], Iterator[Suspicion]] | None = None
    verdict_on: Callable[[Suspicion, Found, Case], Verdict | None] | None = None
    verdict_on_layers: (
        Callable[[Suspicion, Layers, Layers | None, float], Verdict | None] | None
    ) = None
    is_part: Callable[[Suspicion, Mapping[Key, Standing]], bool] = lambda *_: False
    weighed: Callable[[Verdict, BillCase], Verdict] = lambda verdict, _: verdict
    measure: Callable[[Suspicion], float] = lambda suspicion: suspicion.unaccounted
    left: Callable[[History, str, int, Case], Sequence[Point]] = objects
    asks: Asks = "holders"
