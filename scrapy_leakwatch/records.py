"""The records that the stages hand on, each one frozen.

A record holds names, counts and strings, never a live object of the crawl:
keeping one keeps nothing else alive. Times are seconds, sizes bytes. ``None``
where a count belongs means that it is not known, which is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["leak"]
"""What a verdict says; the worst first."""

Confidence = Literal["high", "medium", "low"]


def fields_of(record: Any) -> dict[str, Any]:
    """Return the fields of a flat record by name; `dataclasses.asdict` is slow."""
    return {name: getattr(record, name) for name in record.__slots__}


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

    ``own_share`` is the part, 0 to 1, of the class's oldest instances that
    came from this crawl and no other of the process; ``None`` where nothing tells.
    """

    subject: str
    path: str
    count: int
    age_s: float
    url: str
    own_share: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process.

    ``oldest`` has the keys of ``held``; it is left out of what is too small to
    be judged. ``memory_limit`` in bytes, ``None`` without one.
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


@dataclass(frozen=True, slots=True)
class Growth:
    """A floor that rises with the responses.

    ``floors`` is the series that shows it, oldest first. The rates are those
    of its whole span.
    """

    floors: tuple[int, ...]
    per_1000_responses: float
    per_min: float


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Objects that nobody should hold grow in number.

    ``proved`` tells that they were seen after full collections, so that they
    are no garbage; without it somebody must be found who holds them.
    ``headline`` is the verdict's, should it become one; ``judged_as`` is the
    key in `Held`.
    """

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
    headline: str
    memory: Memory
    memory_limit: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a crawl is told about one subject.

    ``limit_in_s`` is when memory reaches ``limit`` (bytes) at this rate;
    ``caveat`` says what could not be had.
    """

    kind: Kind
    subject: str
    class_path: str
    spider: str
    count: int
    unaccounted: int
    growth: Growth
    confidence: Confidence
    message: str
    oldest_s: float
    example_url: str
    signature: str | None = None
    limit: int | None = None
    limit_in_s: float | None = None
    caveat: str | None = None


Origin = Literal["project", "library"]


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
    collector, or ``unknown``, where the walk ended before a root. An object
    with two holders counts for both.

    ``location`` is ``file:line``; it and ``code`` are only ``likely`` where
    the source has several such expressions. ``chain``: suspects hold one
    another in a row. ``waiting``: the holder is a callback that has not ended.
    ``foreign``: another crawl of the process has them. ``bounded``: a deque with
    a ``maxlen`` or a cache with a ``maxsize`` holds them, so there is an end.
    ``direct``: seen on live requests, without a walk; ``examined`` are then
    requests. ``tree_bytes`` of ``retained_bytes_each`` are an estimate of
    parsed documents.
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
    likely: bool = False
    chain: bool = False
    waiting: bool = False
    foreign: bool = False
    bounded: bool = False
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
