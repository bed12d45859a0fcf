"""What a look into the heap found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who holds the suspects, where they were put there, their price, the fix.

    ``share`` (0 to 1) of the ``examined`` objects hang on ``holder``. The rest
    are ``others``, ``in_flight`` in the engine, ``garbage`` that waits for the
    collector, or ``unknown``, where no root is known. Examined are all that are
    alive and that no engine is known to own; each has one holder, the nearest on
    the way to the root that comes first (`scrapy_leakwatch.heap.roots`).

    ``location`` is ``file:line``; it and ``code`` are only ``likely`` where
    the source has several such expressions. ``chain``: suspects hold one
    another in a row. ``waiting``: the holder is a callback that has not ended,
    ``running``: a function that has not, and keeps them in a variable.
    ``foreign``: another crawl of the process has them. ``bounded``: a deque with
    a ``maxlen`` or a cache with a ``maxsize`` holds them, so there is an end.
    ``emptied``: the owner's source also takes entries out of the container.
    ``direct``: seen on live requests, without a walk; ``examined`` are then
    requests. ``contents`` says what is in a container that is itself the
    subject, such as ``str``. ``retained_bytes_total`` is what would be free without
    the objects, ``retained_bytes_each`` that of a usual one: what many share is in
    the former, once. ``tree_bytes`` of the latter are in parsed documents.
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
    chain: bool = False
    waiting: bool = False
    running: bool = False
    foreign: bool = False
    bounded: bool = False
    emptied: bool = False
    direct: bool = False
    examined: int = 0
    share: float = 0.0
    others: tuple[Share, ...] = ()
    in_flight: int = 0
    garbage: int = 0
    unknown: int = 0
    retained_bytes_each: int = 0
    retained_bytes_total: int = 0
    tree_bytes: int = 0
    contents: str = ""
    victims: tuple[str, ...] = ()
    example_url: str = ""
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Why there is no explanation: what failed, or that nobody is to blame.

    Where objects were ``examined`` and none is held, the counts say what
    they are: in flight, garbage, or unknown.
    """

    subject: str
    class_path: str
    spider: str
    reason: str
    examined: int = 0
    in_flight: int = 0
    garbage: int = 0
    unknown: int = 0
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0


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
