"""Where every byte of the process is: the memory bill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from scrapy_leakwatch.records.observed import Origin

OwnerKind = Literal[
    "spider",
    "component",
    "scheduler",
    "downloader",
    "scraper",
    "engine",
    "stats",
    "pool",
    "task",
    "function",
    "timer",
    "logging",
    "process",
    "crawl",
    "module",
    "code",
    "garbage",
    "unknown",
]
"""What an owner is.

``component``: a pipeline, middleware, extension, download handler or the duplicate
filter. ``pool``: what waits in thread pools and executors. ``function``: the
local variables of functions that have not ended, coroutines among them.
``process``: signal handlers, atexit callbacks and what else belongs to no crawl.
``crawl``: other crawls of the process. ``module``: the globals of a module of the
project. ``code``: modules of libraries, and all classes and functions.
``garbage``: dead reference cycles. ``unknown``: alive, and held by nobody that
the collector shows.
"""

OWNER_KINDS: tuple[OwnerKind, ...] = get_args(OwnerKind)


@dataclass(frozen=True, slots=True)
class BillPath:
    """One place below an owner where memory has come together.

    ``path`` is in the words of the person who reads it, such as
    ``UploadPipeline.buffer``, ``DatabasePipeline.session › _new`` or ``parse ›
    rows``. ``count`` objects of ``type`` are most of its ``bytes``, which no other
    path of the bill has. ``grown_bytes`` is since the first bill of the crawl.
    ``location`` (``file:line``) and ``code``: the line that adds to it, only
    ``likely`` where several may be meant. ``length`` is that of the container,
    None where it is none, and ``bound`` the most it may have, None for any.
    ``fix`` says what helps, ``known`` is the id of a leak that is known upstream, where
    it is one. ``tracked``: the objects are Scrapy's own, which
    `scrapy.utils.trackref` counts. ``worked_on``: it is part of a page that a callback
    works on, which has not ended.
    """

    path: str
    type: str
    count: int
    bytes: int
    grown_bytes: int = 0
    location: str | None = None
    code: str | None = None
    likely: bool = False
    length: int | None = None
    bound: int | None = None
    origin: Origin = "project"
    fix: str = ""
    tracked: bool = False
    worked_on: bool = False
    known: str = ""


@dataclass(frozen=True, slots=True)
class BillOwner:
    """What one owner reaches, in bytes, without what an earlier owner reaches.

    ``shared_bytes`` of them others reach, too. ``grown_bytes`` is since the
    first bill of the crawl. The ``paths`` are the largest, and what has grown
    most; they need not add up to ``bytes``.
    """

    name: str
    kind: OwnerKind
    origin: Origin
    bytes: int
    shared_bytes: int = 0
    objects: int = 0
    grown_bytes: int = 0
    paths: tuple[BillPath, ...] = ()


@dataclass(frozen=True, slots=True)
class BillLayers:
    """What no owner has, in bytes; ``None`` where it can't be known.

    ``python_free`` and ``malloc_free`` are free inside the two allocators.
    ``files`` are mapped files, mostly code. ``native_unnamed`` is resident and
    nobody's. ``children`` is the memory of child processes.
    """

    python_free: int | None = None
    malloc_free: int | None = None
    native_unnamed: int | None = None
    files: int | None = None
    children: int | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """Who has the memory: owners, the largest first, and layers, which sum to ``rss``.

    ``rss`` is resident bytes, ``rss_named_share`` (0 to 1) the part of it that has
    a name. ``time`` is in seconds of the epoch, ``received`` the responses so
    far. ``since`` is the time of the first bill of the crawl, 0 for the first
    itself, ``since_rss``, ``since_received`` and ``since_layers`` are what they were
    then; all ``grown_bytes`` are since then. ``partial``: the time limit came first, so
    that some objects are not counted. ``available`` are the bytes that the machine and
    its containers had left, None where the system does not tell.
    """

    time: float
    received: int
    rss: int
    rss_named_share: float
    owners: tuple[BillOwner, ...]
    layers: BillLayers
    since: float = 0.0
    since_rss: int = 0
    since_received: int = 0
    since_layers: BillLayers | None = None
    partial: bool = False
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0
    available: int | None = None

    @property
    def owned(self) -> int:
        """Return the bytes that all owners have."""
        return sum(owner.bytes for owner in self.owners)

    def grown_by(self, kind: str) -> int:
        """Return the bytes that owners of a kind have more than in the first bill."""
        return sum(each.grown_bytes for each in self.owners if each.kind == kind)

    def per_1000_responses(self, grown_bytes: float) -> float | None:
        """Return how fast something has grown, ``None`` where no rate can be told."""
        received = self.received - self.since_received
        return 1000 * grown_bytes / received if self.since and received > 0 else None


@dataclass(frozen=True, slots=True)
class NoBill:
    """Why there is no bill, with the resident bytes at that moment."""

    time: float
    received: int
    rss: int
    reason: str
    stall_ms: float = 0.0
