"""What is suspected, and what a crawl is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from scrapy_leakwatch.records.facts import Facts
    from scrapy_leakwatch.records.observed import Collector, Memory, Origin

Alarm = Literal["leak", "stalled", "unreleased", "hoard", "children", "native"]
"""The kinds that somebody must act on, the worst first."""

Notice = Literal["garbage", "fragmentation", "backlog", "inconclusive", "recovered"]
"""The kinds that are only told, the worst first."""

Kind = Literal[Alarm, Notice]
"""What a verdict says.

``leak``: objects whose life is over are held. ``stalled``: callbacks, pipelines or
handlers never end. ``unreleased``: taken during a crawl and not given back after it, or
taken again and again while it runs. ``hoard``: a container nobody bounds grows.
``children``: memory in child processes grows. ``native``: memory outside Python grows.
``garbage``: dead cycles wait for the collector. ``fragmentation``: Python freed it,
the allocator kept it. ``backlog``: requests wait in memory. ``inconclusive``: it grows
and the evidence is too weak. ``recovered``: an earlier verdict no longer holds.
"""

SEVERITY: tuple[Kind, ...] = get_args(Kind)
"""The kinds of verdict, the worst first."""

ALARMS: frozenset[Kind] = frozenset(get_args(Alarm))
"""The kinds that somebody must act on; the others are only told."""

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Growth:
    """A floor that rises with the responses.

    ``floors`` is the series that shows it, oldest first. The rates are those
    of its whole span, ``weakest_per_1000`` that of its weakest step.
    """

    floors: tuple[int, ...]
    per_1000_responses: float
    per_min: float
    weakest_per_1000: float = 0.0


LimitOf = Literal["memory", "descriptors", "pids", "pages"]
"""What a limit is of: bytes; open files and sockets; threads and processes; pages."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the system lets a process have of something, and how much of it is left."""

    of: LimitOf
    limit: int
    left: int

    @property
    def used(self) -> int:
        """How much is gone."""
        return self.limit - self.left


class Fallen(NamedTuple):
    """How many there were at most, of live objects or Python's blocks, and are now."""

    what: Literal["objects", "blocks"]
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something grows, and might become a verdict of this ``kind``.

    ``subject`` and ``class_path`` are a class's, the name and the type of a
    container, ``memory``, or ``child processes`` and their program. ``count`` are
    alive, in the container, bytes, or processes; ``unaccounted`` of them nobody should
    hold, of processes their bytes. ``proved`` tells that they were
    seen after full collections, so that they are no garbage; without it
    somebody must be found who holds them. ``judged_as`` tells suspicions apart: it is
    the key in `Held`, or the name of what grows. ``queued`` requests wait in memory;
    ``rss_per_min`` is how fast the resident memory grows, if it does;
    ``collector`` is what may have left them though they are dead. ``origin`` is
    that of the owner, where it is known before anybody has looked. ``fallen`` is
    what fell while memory did not. ``beside`` are the bytes of ``memory_limit`` that
    count against it besides the process's own. ``room`` is for more of a resource.
    """

    kind: Kind
    judged_as: str
    subject: str
    class_path: str
    spider: str
    count: int
    unaccounted: int
    growth: Growth
    proved: bool
    oldest_s: float
    example_url: str
    memory: Memory
    memory_limit: int | None
    queued: int | None = None
    rss_per_min: float = 0.0
    collector: Collector = "full"
    origin: Origin = "project"
    fallen: Fallen | None = None
    beside: int = 0
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a crawl is told about one subject.

    ``message`` says it, ``remedy`` what helps where no explanation does, and
    ``caveat`` what could not be had: they are made of the other fields and of
    ``facts``, which are gone once that is done. ``limit_in_s`` is when the ``limit`` is
    reached at this rate: of ``limit_of``, so in bytes or in how many there may be. A
    ``suppressed`` one is known and accepted.
    ``holder`` and ``owner`` are those of the explanation, if there is one. ``id``
    counts the verdicts of a crawl from 1, and ``cause`` is the one that this belongs
    to, where it is part of another; what is told again keeps its ``id``. ``withdraws``
    is the ``id`` of the one that a ``recovered`` takes back. ``bytes`` is what it is
    about, where that is known, and ``share_of_growth`` (0 to 1) its part of what
    memory grew by.
    """

    kind: Kind
    subject: str
    class_path: str
    spider: str
    count: int
    unaccounted: int
    growth: Growth
    confidence: Confidence
    oldest_s: float
    example_url: str
    message: str = ""
    signature: str | None = None
    limit: int | None = None
    limit_in_s: float | None = None
    caveat: str | None = None
    suppressed: bool = False
    remedy: str = ""
    holder: str = ""
    owner: str = ""
    id: int = 0
    cause: int | None = None
    withdraws: int | None = None
    bytes: int = 0
    share_of_growth: float | None = None
    facts: Facts | None = None
    limit_of: LimitOf = "memory"

    @property
    def in_bytes(self) -> bool:
        """Tell whether ``unaccounted`` and ``growth`` are bytes, and no objects."""
        return self.subject == "memory" or self.bytes > 0
