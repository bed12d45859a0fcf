"""What a look into the heap found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from scrapy_leakwatch.records.fields import fields_of

if TYPE_CHECKING:
    from scrapy_leakwatch.records.billed import OwnerKind
    from scrapy_leakwatch.records.observed import Origin


@dataclass(frozen=True, slots=True)
class PathStep:
    """One node on the way from a root to a suspect, and the edge to the next."""

    node: str
    edge: str


@dataclass(frozen=True, slots=True)
class Share:
    """One holder and how many of the examined suspects it holds."""

    holder: str
    owner: str
    origin: Origin
    held: int
    signature: str
    location: str | None = None
    fix: str = ""


Trait = Literal[
    "chain",
    "waiting",
    "running",
    "foreign",
    "bounded",
    "emptied",
    "direct",
    "timed",
    "abandoned",
]
"""What is special about a holder.

``chain``: suspects hold one another in a row. ``waiting``: it is a callback that has
not ended, ``running``: a function that has not, and keeps them in a variable.
``foreign``: another crawl of the process has them. ``bounded``: a deque with a
``maxlen`` or a cache with a ``maxsize`` holds them, so there is an end. ``emptied``:
the owner's source also takes entries out of the container. ``direct``: seen on live
requests, without a walk; those are then what was examined. ``timed``: a timer ends
what it waits for. ``abandoned``: nothing is left that could.
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the examined objects are: all that are alive and no engine owns.

    ``held`` of them by the holder, some by others. The rest are ``in_flight`` in the
    engine, ``garbage`` that waits for the collector, or ``unknown``, where no root is
    known. Each has one holder, the nearest on the way to the root that comes first
    (`scrapy_leakwatch.heap.roots`).
    """

    examined: int = 0
    held: int = 0
    in_flight: int = 0
    garbage: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What objects keep alive, in bytes.

    ``retained_bytes_total`` is what would be free without all of them,
    ``retained_bytes_each`` that of a usual one: what many share is in the former,
    once. ``tree_bytes`` of the latter are in parsed documents.
    """

    retained_bytes_each: int = 0
    retained_bytes_total: int = 0
    tree_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Effort:
    """What a look cost: the crawl's pause, the child's time, its own memory."""

    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who holds the suspects, where they were put there, their price, the fix.

    ``location`` is ``file:line``; it and ``code`` are only ``likely`` where
    the source has several such expressions. ``contents`` says what is in a container
    that is itself the subject, such as ``str``. ``victims`` are other classes that
    are held with it, ``takes`` the fields of `ResourceCounts` that count what most of
    its entries keep. ``known`` is the id of a leak that is known upstream, empty where
    it is none.
    """

    subject: str
    class_path: str
    spider: str
    holder: str
    owner: str
    origin: Origin
    path: tuple[PathStep, ...]
    expression: str
    location: str | None
    code: str | None
    fix: str
    signature: str
    owner_kind: OwnerKind = "unknown"
    likely: bool = False
    traits: tuple[Trait, ...] = ()
    counts: Counts = Counts()
    others: tuple[Share, ...] = ()
    price: Price = Price()
    contents: str = ""
    victims: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    example_url: str = ""
    known: str = ""
    effort: Effort = Effort()


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Why there is no explanation: what failed, or that nobody is to blame.

    Where objects were examined and none is held, the counts say what they are.
    ``gone``: somebody looked, and there were none any more besides what the engine
    works on.
    """

    subject: str
    class_path: str
    spider: str
    reason: str
    counts: Counts = Counts()
    effort: Effort = Effort()
    gone: bool = False


TRAITS: tuple[Trait, ...] = get_args(Trait)


def flat(found: Explanation | Unexplained) -> dict[str, Any]:
    """Return the fields by name, those of its parts among them, as a recording has."""
    fields = fields_of(found)
    counts = fields_of(fields.pop("counts"))
    fields |= counts | fields_of(fields.pop("effort"))
    held, examined = fields.pop("held"), fields["examined"]
    if isinstance(found, Unexplained):
        return fields
    fields["share"] = held / examined if examined else 0.0
    fields |= fields_of(fields.pop("price"))
    traits = fields.pop("traits")
    return fields | {name: name in traits for name in TRAITS}


def effort_of(found: Explanation | Unexplained | Layers) -> Effort:
    """Return what a look into the heap cost."""
    if isinstance(found, Layers):
        return Effort(found.stall_ms, found.analysis_ms, found.child_memory_bytes)
    return found.effort


@dataclass(frozen=True, slots=True)
class Layers:
    """Where the resident memory is, in bytes; ``None`` where it can't be known.

    ``arenas`` is what Python's own allocator has from the system, and
    ``arenas_free`` the part of it in no use. ``malloc_used`` and
    ``malloc_free`` are of the C library's allocator, ``malloc_used`` with the
    blocks it maps one by one. ``python_large`` is in Python's objects over 512
    bytes, which malloc has too. ``trimmable`` is what `malloc_trim` gives
    back. ``files`` are mapped files, which the system can drop. ``reason`` says
    what could not be had, ``time`` when it was looked (seconds of the epoch).
    """

    rss: int
    arenas: int | None = None
    arenas_free: int | None = None
    malloc_used: int | None = None
    malloc_free: int | None = None
    python_large: int | None = None
    trimmable: int | None = None
    files: int | None = None
    time: float = 0.0
    reason: str = ""
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What `malloc_trim` gave back: the resident bytes before and after it.

    The crawl stood still for ``took_s``. ``reason`` says why nothing was done.
    """

    before: int
    after: int
    took_s: float
    reason: str = ""
