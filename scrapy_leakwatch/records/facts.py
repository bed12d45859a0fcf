"""What a verdict rests on, as far as its other fields do not have it.

The judge gives each verdict the facts that its sentences need; they are said in
``report/kinds/``, one class of facts in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from scrapy_leakwatch.records.billed import Bill, BillPath
    from scrapy_leakwatch.records.explained import Counts, Explanation, Unexplained
    from scrapy_leakwatch.records.judged import Fallen, Verdict
    from scrapy_leakwatch.records.observed import Collector
    from scrapy_leakwatch.records.resources import Resource, Survivors

    Found: TypeAlias = "Explanation | Unexplained | None"


@dataclass(frozen=True, slots=True)
class Counted:
    """Objects, a container or a queue that grows in samples, and what a look found.

    ``judged_as`` and ``proved`` are those of the suspicion. ``dragged_by`` is how many
    requests wait and have them. ``alone``: nothing else grows.
    """

    judged_as: str
    proved: bool
    found: Found
    dragged_by: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A path that grows from bill to bill: the verdict itself has all of it."""


@dataclass(frozen=True, slots=True)
class Dead:
    """About so many wait for the collector; ``counts`` is of those examined.

    ``frozen``: full collections leave them.
    """

    dead: int
    counts: Counts
    collector: Collector
    frozen: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """Bytes by which the resident memory grew, and what is outside Python."""

    grown: int
    outside: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that are free in the arenas and in malloc.

    ``trimmable`` of them `malloc_trim` gives back, None where that is not known.
    """

    in_arenas: int
    in_malloc: int
    trimmable: int | None
    fallen: Fallen | None


@dataclass(frozen=True, slots=True)
class Processes:
    """Child processes whose memory grows; ``found``: who started them, or why not."""

    found: Found


CALLBACKS, OPENING, CLOSING = "callbacks", "opening", "closing"
"""What may stall: that of pages, and those who open or close with the spider."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """What does not end; ``found``: who waits for what there, or why that is unknown.

    The verdict is about `CALLBACKS`, `OPENING` or `CLOSING`.
    """

    found: Found


@dataclass(frozen=True, slots=True)
class Unseen:
    """Memory that grows, and why its layers were not seen; empty: nobody looked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Memory that grew from ``before`` (bytes), and nobody is named for it.

    ``waiting`` is what pages wait for, ``dead``: most of it is garbage. ``bill`` is
    the last one, ``no_bill`` why there is none since.
    """

    before: int
    waiting: BillPath | None
    dead: bool
    bill: Bill | None
    no_bill: str


@dataclass(frozen=True, slots=True)
class Left:
    """What was taken and not given back: of one kind and line, and what it brought."""

    taken: tuple[Resource, ...]
    with_it: tuple[tuple[Resource, ...], ...]


@dataclass(frozen=True, slots=True)
class PilingUp:
    """What is taken again and again: a field of `ResourceCounts`; and who takes it."""

    name: str
    found: Found


@dataclass(frozen=True, slots=True)
class Stayed:
    """Crawlers of ended crawls that are alive, and what a look found."""

    survivors: Survivors
    found: Found


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The verdict that no longer holds; it stands still, or ``cause`` explains it.

    Or what it told of is that of the crawls ``beside``; otherwise most of it is gone.
    """

    before: Verdict
    stands_still: bool = False
    cause: Verdict | None = None
    beside: bool = False


Facts: TypeAlias = (
    "Counted | Weighed | Dead | Outside | Kept | Processes | Standstill | Unseen"
    " | Unnamed | Left | PilingUp | Stayed | Withdrawn"
)
