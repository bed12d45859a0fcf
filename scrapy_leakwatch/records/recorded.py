"""What a recording tells of a crawl."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from scrapy_leakwatch.records.billed import Bill, BillOwner, NoBill
from scrapy_leakwatch.records.explained import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy_leakwatch.records.explained import Layers, Trimmed, Unexplained
    from scrapy_leakwatch.records.judged import Verdict
    from scrapy_leakwatch.records.observed import Sample
    from scrapy_leakwatch.records.sufficiency import Looks

SCHEMA = 1
"""The form of a recording; new fields and kinds of lines leave it as it is."""

Series: TypeAlias = "tuple[float | None, ...]"
"""The values of one thing, ``None`` where it was not known."""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process and its control group are known by later, as it began.

    ``boot`` is the id of the system's start, ``started`` when the process began (ticks
    since then), ``group_id`` that of the control group at the path ``group``, in which
    the kernel's OOM killer had struck ``oom_kills`` times.
    """

    boot: str = ""
    started: int = 0
    group: str = ""
    group_id: int = 0
    oom_kills: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """What has become of a process; ``None`` where nothing tells.

    ``status`` is its exit code, or the number of the signal that killed it, below 0.
    ``oom_kills`` are those in its control group since it began.
    """

    running: bool | None = None
    oom_kills: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of the end of a crawl that did not close.

    ``gone``: its process is. ``exited`` is when that ended in order (seconds of the
    epoch). ``seen`` is the time of the last sample, ``rss`` and ``limit`` its bytes;
    ``at_limit``: there was no room left. ``limit_in_s`` is the last forecast, and
    ``largest`` are the owners of most in the last bill.
    """

    gone: bool
    status: int | None
    exited: float | None
    oom_kills: int | None
    seen: float | None
    rss: int
    limit: int | None
    at_limit: bool
    limit_in_s: float | None
    largest: tuple[BillOwner, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The crawl that was recorded; ``config`` has the settings of LeakWatch by name.

    ``process`` is what its process is known by, None in older recordings. ``file`` is
    the spider's, where that is none of the project's that a name finds.
    """

    time: float
    spider: str
    project: str
    pid: int
    versions: Mapping[str, str]
    config: Mapping[str, object]
    process: Process | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict, when it was reached, and what a look into the process found.

    ``case`` tells the subjects of a crawl apart, by the id of their verdict, in
    recordings without ids by a number: what is told again, and that it no longer
    holds, is of the same case.
    """

    time: float
    verdict: Verdict
    found: Explanation | Unexplained | Layers | None = None
    case: int = 0

    @property
    def bytes_per_1000_responses(self) -> float | None:
        """Return how much memory stays of 1,000 responses, None where nobody knows."""
        rate = self.verdict.growth.per_1000_responses
        if self.verdict.in_bytes:
            return rate
        if not isinstance(self.found, Explanation):
            return None
        each = self.found.price.retained_bytes_each
        return rate * each if each else None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What grew and fell, each series as long as ``times`` (seconds of the epoch).

    Where several samples share two points, these are the lowest and the highest
    value among them, in the order in which they came: spikes and floors are
    kept. ``live`` is by the full path of a class, ``containers`` by their name;
    ``requests``, ``responses``, ``memory`` and ``resources`` have the fields of
    `RequestLedger`, `ResponseLedger`, `Memory` and `ResourceCounts`. ``received``
    counts the responses so far, ``memory_limit`` and ``children``, the child processes,
    are in bytes, ``cost_ms`` is what a sample took. A series that was not recorded is
    not there, or empty.
    """

    times: tuple[float, ...] = ()
    live: Mapping[str, Series] = field(default_factory=dict)
    containers: Mapping[str, Series] = field(default_factory=dict)
    requests: Mapping[str, Series] = field(default_factory=dict)
    responses: Mapping[str, Series] = field(default_factory=dict)
    memory: Mapping[str, Series] = field(default_factory=dict)
    resources: Mapping[str, Series] = field(default_factory=dict)
    received: Series = ()
    memory_limit: Series = ()
    children: Series = ()
    cost_ms: Series = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a crawl that closed: its final stats and standing verdicts."""

    time: float
    stats: Mapping[str, str | int | float | None]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """When the n-th ``process`` of a crawl took over, and ``why``.

    That is the reason with which the one before closed, or what killed it.
    """

    time: float
    process: int
    why: str


@dataclass(frozen=True, slots=True)
class Crawl:
    """All that a recording tells of a crawl, in a bounded space.

    ``told`` are the verdicts in the order they were reached, ``standing`` the
    latest on each subject: what holds at the end, withdrawn (``recovered``) ones
    included. ``dismissed`` is what was found where nobody was accused. ``layers``
    and ``trims`` are looks at the memory and what was given back, with their
    times. ``bills`` are the memory bills in their order, those that failed included.
    ``last`` is the last sample, as far as it was recorded. ``exited`` is when the
    process ended in order, where the crawl did not close before. ``looks`` are known
    where one failed.

    Without ``summary`` the crawl still runs, or was killed. ``samples`` counts
    all samples; the ``timeline`` is of each ``step``-th of them. ``broken`` lines
    were left out, and so were ``forgotten`` verdicts, the earliest of very many.
    ``restarts`` are those of a crawl in several processes.
    """

    path: Path
    run: Run
    told: tuple[Told, ...]
    standing: tuple[Told, ...]
    dismissed: tuple[Explanation | Unexplained, ...]
    layers: tuple[Layers, ...]
    trims: tuple[tuple[float, Trimmed], ...]
    timeline: Timeline
    last: Sample | None
    summary: Summary | None
    ended: float
    samples: int
    step: int = 1
    broken: int = 0
    forgotten: int = 0
    bills: tuple[Bill | NoBill, ...] = ()
    exited: float | None = None
    looks: Looks | None = None
    restarts: tuple[Restart, ...] = ()

    @property
    def complete(self) -> bool:
        """Tell whether the crawl closed; if not, it runs, or was killed."""
        return self.summary is not None

    @property
    def taken(self) -> tuple[Bill, ...]:
        """Return the bills that did not fail."""
        return tuple(bill for bill in self.bills if isinstance(bill, Bill))

    @property
    def last_bill(self) -> Bill | None:
        """Return the last bill that did not fail, if there is one."""
        return self.taken[-1] if self.taken else None

    @property
    def fullest_bill(self) -> Bill | None:
        """Return the bill whose owners had most, of equal ones the last.

        What a crawl lets go of as it closes is in it.
        """
        return max(reversed(self.taken), key=lambda bill: bill.owned, default=None)
