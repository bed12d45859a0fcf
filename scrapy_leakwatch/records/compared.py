"""What two crawls have in common, and what not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from scrapy_leakwatch.records.recorded import Told

Turn = Literal["new", "grown", "same", "shrunk", "gone"]
"""What became of a verdict from one crawl to another."""

TURNS: tuple[Turn, ...] = get_args(Turn)
"""The turns, the worst first."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cause in two crawls; ``before`` is missing of a new one, ``after`` if gone.

    ``failing``: it leaks, nobody has accepted it, and it was not there before.
    """

    turn: Turn
    before: Told | None
    after: Told | None
    failing: bool = False

    @property
    def told(self) -> Told:
        """Return the later of the two."""
        told = self.after or self.before
        if told is None:
            raise ValueError("a change of nothing")
        return told


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes, the worst first; or, in ``refused``, why there are none."""

    changes: tuple[Change, ...] = ()
    refused: str = ""

    @property
    def failing(self) -> bool:
        """Tell whether something leaks that did not before."""
        return any(change.failing for change in self.changes)
