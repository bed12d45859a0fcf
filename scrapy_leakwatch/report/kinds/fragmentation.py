"""What is said of memory that Python freed and the allocators keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Kept
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import grows, megabytes

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict

RESTARTS = "smaller jobs, with JOBDIR and restarts"
HALF = 0.5
FALLEN = {"objects": "live objects", "blocks": "Python's blocks"}


def _kept(verdict: Verdict, facts: Kept) -> Words:
    parts = {"arenas": facts.in_arenas, "malloc": facts.in_malloc}
    places = ", ".join(
        f"{name} {megabytes(part)}" for name, part in parts.items() if part
    )
    return Words(
        f"memory is fragmented: {megabytes(verdict.count)} resident,"
        f" {megabytes(sum(parts.values()))} of it free inside the allocators"
        f" ({places}); {_fallen_or_grown(verdict, facts)}",
        remedy=_what_helps(facts),
    )


def _fallen_or_grown(verdict: Verdict, facts: Kept) -> str:
    """Tell what fell while memory did not, or how memory grows."""
    if facts.fallen is None:
        return grows(verdict.growth)
    what, then, now = facts.fallen
    return f"{FALLEN[what]} fell from {then:,} to {now:,}, and memory did not"


def _what_helps(facts: Kept) -> str:
    """Say what helps against the part of the memory that is kept most."""
    if facts.in_arenas > facts.in_malloc:
        return (
            "Python keeps whole arenas for a few objects in each: PYTHONMALLOC=malloc"
            " in the environment, with LEAKWATCH_TRIM = True or with jemalloc by"
            f" LD_PRELOAD; or {RESTARTS}"
        )
    other = "jemalloc by LD_PRELOAD, with many threads MALLOC_ARENA_MAX=2"
    back = facts.trimmable
    if back is None:
        return f"{other}, or {RESTARTS}"
    if back >= HALF * facts.in_malloc:
        return (
            f"LEAKWATCH_TRIM = True gives {megabytes(back)} of it back; {other},"
            f" or {RESTARTS}, keep it from coming again"
        )
    return (
        f"malloc_trim would give only {megabytes(back)} of it back, for the free blocks"
        f" lie between others: {other}, or {RESTARTS}"
    )


KIND = KindWords(
    "fragmentation",
    "Fragmentation",
    "warn",
    {Kept: _kept},
    sentence="No leak, but memory that Python freed stays with the process.",
)
