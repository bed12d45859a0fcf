"""The kinds of place where memory has come together, one file each.

To add one write a file with its `AccumulationKind`, and put that into `KINDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations import (
    at_exit,
    buffer,
    carried,
    container,
    database,
    library_object,
    memo,
    names,
    registry,
    roomy,
    table,
    thing,
    variable,
)
from scrapy_leakwatch.explain.accumulations.holder_line import line_at_holder

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine
    from scrapy_leakwatch.records import Origin

KINDS: tuple[AccumulationKind, ...] = (
    registry.KIND,
    at_exit.KIND,
    memo.KIND,
    table.KIND,
    carried.KIND,
    thing.KIND,
    buffer.KIND,
    database.KIND,
    names.KIND,
    roomy.KIND,
    variable.KIND,
    library_object.KIND,
    container.KIND,
)
"""The first that fits says what helps, the first that knows a line what adds to it."""


def line_of(place: Place, crawler: Any) -> SourceLine | None:
    """Return the line of the project that adds to ``place``, None if none is known."""
    for kind in KINDS:
        if kind.line is not None and kind.is_one(place):
            return kind.line(place, crawler)
    return line_at_holder(place, crawler)


def remedy_of(place: Place, owner: str, origin: Origin) -> str:
    """Return one sentence a person can act on, empty where nothing sure can be said."""
    kind = next(kind for kind in KINDS if kind.is_one(place))
    return kind.fix(place, owner, origin)
