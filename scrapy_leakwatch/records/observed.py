"""What was seen: one look at the process, and what full collections left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Origin = Literal["project", "library"]
"""Whose code it is: the project's, or that of Scrapy and other packages."""

Collector = Literal["full", "increments", "off"]
"""How Python's collector sees to old objects: all at once now and then, some at a time
and never all, or not at all."""


@dataclass(frozen=True, slots=True)
class LiveClass:
    """How many instances of one class are alive.

    ``path`` is the full import path, ``name`` what a report calls the class:
    its bare name, or the path where two live classes share that name. An
    ``ignored`` class is left out of the table in the log.
    """

    path: str
    name: str
    count: int
    oldest_s: float
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class RequestLedger:
    """Where the live requests are.

    ``live`` and ``unaccounted`` are of the whole process, the other counts of
    one engine. ``unaccounted`` are those that no engine of the process owns.
    """

    live: int
    queued_memory: int | None
    queued_disk: int | None
    in_progress: int
    unaccounted: int | None


@dataclass(frozen=True, slots=True)
class ResponseLedger:
    """Where the live responses are; the scopes are those of `RequestLedger`."""

    live: int
    in_flight: int
    unaccounted: int


Stage = Literal["opening", "open", "closing"]
"""Of a spider: the engine waits for those who open or close with it, or crawls."""

STAGES: tuple[Stage, ...] = get_args(Stage)


_STILL = 2
"""Looks in a row at which nothing has moved."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one engine works on, and for how long already.

    ``downloading`` requests are on their way in the downloader, ``scraping`` in the
    scraper, which has ``items`` in pipelines. The oldest is seen in the scraper for
    ``oldest_s`` seconds; of those that left it the longest was for ``longest_s``, and
    ``older`` are there for longer than that. Nothing has moved for ``still_s`` and
    ``still_samples`` looks in a row; what downloads or is paused does.
    """

    downloading: int
    scraping: int
    items: int
    older: int
    oldest_s: float
    longest_s: float
    still_s: float
    still_samples: int
    stage: Stage = "open"

    @property
    def overdue(self) -> int:
        """How many take longer than any that ended; all, where nothing moves."""
        if self.still_samples < _STILL:
            return self.older
        return self.scraping or self.items or int(self.stage != "open")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the process uses: resident bytes now and at most, Python's blocks.

    ``python_blocks`` counts what `sys.getallocatedblocks` counts, read at the
    last full collection or within the last minute, whichever is later.
    """

    rss: int
    rss_peak: int
    python_blocks: int


RESPONSES = "responses"
REQUESTS = "requests"
Held: TypeAlias = "Mapping[str, int]"
"""How many objects nobody is known to own, by what they are judged as.

The keys are `RESPONSES`, `REQUESTS` (left out where a queue can't be counted)
and the path of each other class, all of whose instances count.
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """What nobody was known to own right after a full garbage collection.

    These objects were reachable: dead cycles were gone at that moment.
    ``received`` is the number of responses the crawl had received by then.
    """

    time: float
    received: int
    held: Held


@dataclass(frozen=True, slots=True)
class Oldest:
    """The longest-lived instance of a class that is judged.

    ``own_share`` is the part, 0 to 1, of the class's older instances that
    came from this crawl and no other of the process, 0 where next to none did;
    ``None`` where nothing tells.
    """

    subject: str
    path: str
    count: int
    age_s: float
    url: str
    own_share: float | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A builtin or `collections` container that lives as long as the crawl.

    ``name`` is the expression that reaches it, such as ``spider.seen``,
    ``DedupPipeline.seen`` or ``shop.pipelines.CACHE``, and no other container
    of the process has it; ``type`` its bare class name. A ``bounded`` one has
    a maxlen. ``library`` containers belong to Scrapy or another package, such
    as the fingerprints of the duplicate filter.
    """

    name: str
    type: str
    len: int
    owner: str
    origin: Origin
    bounded: bool = False

    @property
    def family(self) -> str:
        """The name of this and of those beside it: ``pages['a']`` is ``pages[*]``."""
        head, bracket, _ = self.name.rpartition("[")
        return f"{head}[*]" if bracket and self.name.endswith("]") else self.name


Measure = Literal["pss", "uss", "rss"]
"""What the memory of a process is counted as.

``pss``: shared memory counts as a part for each who shares it. ``uss``: without files
and shared memory. ``rss``: all that is resident.
"""

MEASURES: tuple[Measure, ...] = get_args(Measure)
"""The best first."""


@dataclass(frozen=True, slots=True)
class Program:
    """The child processes that run one program: how many, and what they have."""

    name: str
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Children:
    """The child processes of a crawl and theirs, without those of LeakWatch.

    ``measure`` says what ``bytes`` are. Of the ``programs`` the five largest are there,
    the largest first.
    """

    count: int
    bytes: int
    measure: Measure
    programs: tuple[Program, ...]


@dataclass(frozen=True, slots=True)
class ResourceCounts:
    """How much of what must be given back the process has now.

    ``files`` are all descriptors that are no ``sockets``, so pipes too. ``timers`` are
    those of the reactor and of asyncio's loop that were not cancelled, ``tasks`` those
    of asyncio that have not ended. ``pool_queue`` is the work that waits for a thread
    of the reactor's pool or of an executor, ``pages`` and ``contexts`` are those of the
    browsers of scrapy-playwright. ``None`` where the system does not tell,
    and in a sample that leaves it out, since there is much to count.
    """

    threads: int | None = None
    files: int | None = None
    sockets: int | None = None
    children: int | None = None
    timers: int | None = None
    tasks: int | None = None
    pool_queue: int | None = None
    pages: int | None = None
    contexts: int | None = None


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What the system lets the process have; ``None`` where there is no limit.

    ``descriptors`` are files and sockets together. ``pids`` are threads and processes,
    of the whole container or user, of which ``pids_free`` more can be started.
    ``pages`` are those of a browser's context, of which ``pages_free`` are not with
    callbacks that were given them.
    """

    descriptors: int | None = None
    pids: int | None = None
    pids_free: int | None = None
    pages: int | None = None
    pages_free: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process.

    ``oldest`` has the keys of ``held``; it is left out of what is too small to
    be judged, and so are ``containers``. ``memory_limit`` in bytes, ``None``
    without one, is the limit that is nearest; ``container_limit`` is that of the
    container, against which the child processes count, too. ``starting``: the
    spider's start requests are not all read yet. ``children`` is None where they are
    not to be counted. ``progress`` is None where no spider is open.
    """

    time: float
    elapsed_s: float
    received: int
    live: tuple[LiveClass, ...]
    requests: RequestLedger
    responses: ResponseLedger
    memory: Memory
    memory_limit: int | None
    held: Held
    floors: tuple[Floor, ...]
    oldest: Mapping[str, Oldest]
    cost_s: float
    containers: tuple[Container, ...] = ()
    collector: Collector = "full"
    starting: bool = False
    children: Children | None = None
    container_limit: int | None = None

    @property
    def beside(self) -> int:
        """Return the bytes of ``memory_limit`` that the child processes have."""
        if self.children is None or self.memory_limit != self.container_limit:
            return 0
        return self.children.bytes

    progress: Progress | None = None
    resources: ResourceCounts | None = None
    limits: ResourceLimits | None = None
