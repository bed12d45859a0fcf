"""Each fix that is told in the zoo, and a twin of its row that has it done.

``python -m tests.zoo.fixes`` runs them all. The way of a fix::

    a row --recording--> what it is told --Fix: its words stand in it?
    its twin, mended --recording--> healthy?  --report--> the console, docs/fixes.rst
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zoo.fixes import handed, kinds, leaks, others, takers, using, weights
from tests.zoo.fixes.fix import Pair, pair
from tests.zoo.rows import ROWS

if TYPE_CHECKING:
    from tests.zoo.truth import Row

FIXES = (
    *leaks.FIXES,
    *kinds.FIXES,
    *weights.FIXES,
    *takers.FIXES,
    *others.FIXES,
    *handed.FIXES,
    *using.FIXES,
)
UNMENDED = others.UNMENDED
"""Rows that no twin can be made of, and why."""


def _pairs() -> tuple[Pair, ...]:
    rows = {row.name: row for row in ROWS}
    return tuple(pair(each, rows) for each in FIXES if each.row in rows)


PAIRS = _pairs()


def row_named(name: str) -> Row:
    """Return the row of the zoo, or the mended twin of one, that has this name."""
    rows = (*(each.twin for each in PAIRS), *ROWS)
    return {row.name: row for row in rows}[name]
