"""Pure: what became of the fixes, as lines for the console and for the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.zoo.fixes.fix import faults
from tests.zoo.report import between, cells, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.zoo.fixes.fix import Pair
    from tests.zoo.score import Result

MARKS = (
    ".. fixes begin: made by `make fixes`, not by hand\n",
    ".. fixes end\n",
)
COLUMNS = ("row", "fix told", "applied", "healthy afterwards")
_MARKUP = re.compile(r"[\\*`|_]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A pair that was run: what it was told, and what is wrong with that."""

    pair: Pair
    told: tuple[str, ...]
    faults: tuple[str, ...]


def outcome(pair: Pair, sick: Result, twin: Result) -> Outcome:
    """Hold what a row was told to what its twin came to."""
    return Outcome(pair, sick.fixes, faults(pair, sick, twin))


def line_of(one: Outcome, *, alone: bool = False) -> str:
    """Return a pair as one line, and one more for each fault."""
    mark = "FAIL" if one.faults else "ok  "
    head = f"{mark} {one.pair.row.name:<24} {one.pair.fix.applied}"
    head += "  (alone)" * alone
    return "\n     ".join([head, *one.faults])


def conclusion(outcomes: Sequence[Outcome]) -> str:
    """Say how many fixes help."""
    fine = sum(not one.faults for one in outcomes)
    return f"{fine} of {len(outcomes)} fixes make the spider healthy"


def page(text: str, outcomes: Sequence[Outcome], unmended: Mapping[str, str]) -> str:
    """Return the page with its table made anew."""
    return between(text, MARKS, _lines(outcomes, unmended))


def _lines(outcomes: Sequence[Outcome], unmended: Mapping[str, str]) -> Iterable[str]:
    yield f"{conclusion(outcomes)}."
    yield ""
    yield from listing("20 45 25 10", COLUMNS)
    for one in outcomes:
        told = "; and: ".join(map(_plain, one.told)) or "nothing"
        healthy = "**no**" if one.faults else "yes"
        name, applied = one.pair.row.name, one.pair.fix.applied
        yield from cells((_plain(name), told, _plain(applied), healthy))
    if unmended:
        yield ""
        yield "No twin has what these are told to do:"
        yield ""
    for name, reason in unmended.items():
        yield f"- {_plain(name)}: {_plain(reason)}."


def _plain(text: str) -> str:
    """Return a text as what it is where markup is read."""
    return _MARKUP.sub(r"\\\g<0>", text)
