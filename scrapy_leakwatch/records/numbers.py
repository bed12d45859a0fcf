"""All numbers of one crawl, as they are now: what stats and metrics are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.records.judged import SEVERITY, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal[0, 1, 2]
"""0: healthy, 1: somebody should look, 2: somebody must act."""

Worst = Literal["healthy", "unwatched"] | Kind


@dataclass(frozen=True, slots=True)
class LiveCount:
    """How many of a class are alive, and were at most in a sample; ``oldest_s`` old.

    ``name`` is what reports call the class, no longer than a label should be.
    ``ignored`` is as in `LiveClass`.
    """

    name: str
    count: int
    peak: int
    oldest_s: float
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Costs:
    """What LeakWatch itself cost the crawl, in seconds and bytes.

    Each is the highest so far, but ``samples_s``, which is the sum of all samples.
    ``stall_s`` is how long the crawl stood still for a fork, ``explain_s`` and
    ``bill_s`` how long a child worked, and ``child_bytes`` what it took. None of what
    there was not yet.
    """

    samples_s: float = 0.0
    sample_s: float | None = None
    audit_s: float | None = None
    stall_s: float | None = None
    explain_s: float | None = None
    bill_s: float | None = None
    child_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one crawl, by what they are of; what is not known is left out.

    ``received`` counts responses. ``live`` has the classes of which most were alive at
    a time, the largest first. ``requests``, ``responses`` and ``resources`` have the
    fields of `RequestLedger`, `ResponseLedger` and `ResourceCounts`, ``memory`` those
    of `Memory`, the bytes of the ``children`` and those last ``trimmed``. ``owners``
    are the largest of the last bill, in bytes. ``worst`` is the worst kind of verdict
    so far, and ``level`` that of the verdicts which stand. ``verdicts`` counts every
    kind. ``forecast_s`` is when a limit is reached, None where that is not foreseen.
    ``holders`` name who holds a class that leaks. ``failed_looks`` is how many there
    were, and ``unwatched`` why they were too many.
    """

    project: str
    spider: str
    samples: int = 0
    received: int = 0
    live: tuple[LiveCount, ...] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    responses: Mapping[str, int] = field(default_factory=dict)
    memory: Mapping[str, int] = field(default_factory=dict)
    resources: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, int] = field(default_factory=dict)
    worst: Worst = "healthy"
    level: Level = 0
    verdicts: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys(SEVERITY, 0)
    )
    forecast_s: float | None = None
    holders: Mapping[str, str] = field(default_factory=dict)
    failed_looks: int = 0
    unwatched: str = ""
    costs: Costs = Costs()

    @property
    def unaccounted(self) -> dict[str, int]:
        """Return how many nobody is known to own, by their class."""
        of = {"Request": self.requests, "Response": self.responses}
        return {
            name: counts["unaccounted"]
            for name, counts in of.items()
            if "unaccounted" in counts
        }
