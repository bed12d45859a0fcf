"""What the supervisor tells a process of a job, and hears of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy_leakwatch.config import Auto

PAGES = "leakwatch_pages"
RSS = "leakwatch_rss"
LEAK = "leakwatch_leak"
REFUSED = "leakwatch_refused"
FULL = "leakwatch_job"
STOPPED = "shutdown"
"""Scrapy's reason for a signal."""
GOES_ON = frozenset({PAGES, RSS, LEAK, "memusage_exceeded"})
"""Reasons with which a process closes for another one to go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The n-th ``process`` of a job, counted from 0.

    ``record`` is the file that it records to. ``max_pages`` responses are the most it
    may receive, 0 for any; ``loses``: requests that can't be written to disk may be
    lost. ``rss_limit_mb`` is as LEAKWATCH_RSS_LIMIT_MB, and ``supervisor`` the pid of
    the process that it ends with.
    """

    process: int
    job: str
    record: str
    supervisor: int
    rss_limit_mb: float | Auto = 0
    max_pages: int = 0
    loses: bool = False

    def as_text(self) -> str:
        """Return it as one argument of a command line."""
        return json.dumps(asdict(self))


def plan_of(text: str) -> Plan:
    """Return what `Plan.as_text` has written."""
    return Plan(**json.loads(text))


@dataclass(frozen=True, slots=True)
class End:
    """How a ``process`` of a job closed: why, and after how many responses.

    ``pending`` requests wait for the next one. ``refused``: what of requests could not
    be written to disk, a line each.
    """

    process: int
    reason: str
    received: int
    pending: int
    refused: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return it as a note for the store."""
        return json.dumps(asdict(self))


def end_of(text: str | None) -> End | None:
    """Return what `End.as_text` has written, None where nothing was."""
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return End(**{**found, "refused": tuple(found["refused"])})
