"""One row of the zoo: a crawl, and what is true about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HEALTHY = "healthy"
ASYNCIO = "asyncio"
SELECT = "select"
REACTORLESS = "none"
_REACTOR = "twisted.internet.{}reactor.{}Reactor"
REACTORS: dict[str, dict[str, Any]] = {
    ASYNCIO: {"TWISTED_REACTOR": _REACTOR.format("asyncio", "AsyncioSelector")},
    SELECT: {"TWISTED_REACTOR": _REACTOR.format("select", "Select")},
    REACTORLESS: {"TWISTED_REACTOR_ENABLED": False},
}
COUNTED = frozenset({"leak", "hoard"})


ENOUGH = 300
SLOWNESS = "ZOO_SLOWNESS"
"""The variable that tells a crawl how slow the machine is."""


@dataclass(frozen=True, slots=True)
class Named:
    """Who must be named, and where he is told by the megabyte.

    Each of ``words`` stands in the subject, holder or message of a right verdict
    (``a|b``: either does), and that names this ``line`` (none: it is not asked for).
    ``known`` is the id of the known leak that it is told to be, empty if it is none.
    """

    words: tuple[str, ...]
    line: str | None = None
    known: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A crawl and its truth.

    ``spiders`` are class paths; they crawl one after the other in one process.
    ``truth`` is the kind of verdict that is right, `HEALTHY` where none is. The
    kinds in ``also`` are true of the crawl too, and may be told or not.
    ``subjects`` are the names that the right verdict may be about (none: any),
    ``holders`` the names that may be given to who holds it, ``line`` the
    ``file:line`` that puts it there; none: it is not asked for. All of ``named``
    must be, where there are any, each by a right verdict; and nobody else.
    ``known`` is the id of the known leak that each right verdict tells of.

    ``reaches`` proves that the crawl looks as its story says: the field of a
    sample, such as ``requests.queued_memory``, and the least it must reach.
    Each response after the first ``grows_after`` leaks ``leaked_each`` objects.
    ``least_received`` responses are needed for the row to say anything.
    ``curfew_s`` ends a crawl by force that never ends. ``environment`` are further
    variables of its process. A row that ``needs`` a package is left out where it is
    not installed.
    """

    name: str
    story: str
    spiders: tuple[str, ...]
    truth: str = HEALTHY
    also: frozenset[str] = frozenset()
    subjects: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    line: str | None = None
    named: tuple[Named, ...] = ()
    known: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    reactor: str | None = None
    reaches: tuple[tuple[str, int], ...] = ()
    grows_after: int = 0
    leaked_each: float = 1.0
    least_received: int = 100
    curfew_s: float = 0.0
    needs: tuple[str, ...] = ()

    @property
    def enough(self) -> int:
        """How many responses a crawl goes on for, however slow the machine is."""
        return (
            self.least_received if self.truth == HEALTHY else ENOUGH + self.grows_after
        )

    @property
    def counted(self) -> bool:
        """Whether objects pile up, so that LEAKWATCH_MIN_OBJECTS says when to tell.

        Memory outside Python is told by the megabyte, and takes two looks; and so
        is what a memory bill shows, which takes three.
        """
        return self.truth in COUNTED and not self.named
