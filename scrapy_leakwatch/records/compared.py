"""What two crawls have in common, and what not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from scrapy_leakwatch.records.billed import OwnerKind
    from scrapy_leakwatch.records.recorded import Told
    from scrapy_leakwatch.records.sufficiency import TooLittle

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
class Rates:
    """What stays per 1,000 responses: counted objects, and bytes of resident memory.

    Seen over so many ``responses``.
    """

    responses: int
    objects: float
    bytes: float


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """How fast an owner's memory grows in two crawls, in bytes per 1,000 responses.

    Without a ``name`` it is that of all owners of its kind.
    ``None`` in the crawl whose last bill does not have it.
    """

    turn: Turn
    kind: OwnerKind
    name: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float:
        """Return by how much faster it grows in the later crawl."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which of two crawls can't be compared, and why."""

    crawl: Literal["before", "after"]
    why: TooLittle


@dataclass(frozen=True, slots=True)
class OwnersRefusal:
    """Which of two crawls lacks what it takes to compare their owners.

    ``bill``: it has none, ``growth``: it has one, and growth is between two.
    ``responses``: none came between its bills.
    """

    crawl: Literal["before", "after"]
    lacks: Literal["bill", "growth", "responses"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes, the worst first; or, in ``refused``, why there are none.

    ``owners`` are those whose memory grows at another rate. They accuse nobody:
    who is to be accused has a verdict. ``owners_refused`` is why they are not
    compared, where a crawl has a memory bill.
    """

    changes: tuple[Change, ...] = ()
    refused: Refusal | None = None
    owners: tuple[OwnerChange, ...] = ()
    owners_refused: OwnersRefusal | None = None

    @property
    def failing(self) -> bool:
        """Tell whether something leaks that did not before."""
        return any(change.failing for change in self.changes)
