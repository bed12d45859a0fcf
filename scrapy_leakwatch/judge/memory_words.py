"""The words of a verdict on memory, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Growth, Layers

RESTARTS = "smaller jobs, with JOBDIR and restarts"
HALF = 0.5


def megabytes(size: float) -> str:
    """Return a size as in ``1,204 MB``."""
    return f"{size / 1e6:,.0f} MB"


def growth_story(growth: Growth) -> str:
    """Tell how memory grows."""
    steps = " → ".join(f"{floor / 1e6:,.0f}" for floor in growth.floors)
    rate = growth.per_1000_responses / 1e6
    return f"{rate:+,.1f} MB per 1,000 responses, {steps} MB"


def fallen_story(what: str, then: int, now: int) -> str:
    """Tell what fell while memory did not."""
    return f"{what} fell from {then:,} to {now:,}, and memory did not"


def fragmented(layers: Layers, free: tuple[int, int], story: str) -> str:
    """Say how much is free, in the arenas and in malloc."""
    parts = zip(("arenas", "malloc"), free, strict=True)
    places = ", ".join(f"{name} {megabytes(size)}" for name, size in parts if size)
    return (
        f"memory is fragmented: {megabytes(layers.rss)} resident,"
        f" {megabytes(sum(free))} of it free inside the allocators ({places}); {story}"
    )


def outside(native: int, grown: int, story: str) -> str:
    """Say how much of the growth is outside Python."""
    return (
        f"memory outside Python grows: {story}; of the last {megabytes(grown)},"
        f" {megabytes(min(native, grown))} are neither Python's objects nor free"
    )


def unknown(story: str) -> str:
    """Say that it grows."""
    return f"memory grows, and it is not known what takes it: {story}"


def against_fragmentation(layers: Layers, free: tuple[int, int]) -> str:
    """Say what helps against the part of the memory that is kept most."""
    in_arenas, in_malloc = free
    if in_arenas > in_malloc:
        return (
            "Python keeps whole arenas for a few objects in each: PYTHONMALLOC=malloc"
            " in the environment, with LEAKWATCH_TRIM = True or with jemalloc by"
            f" LD_PRELOAD; or {RESTARTS}"
        )
    other = "jemalloc by LD_PRELOAD, with many threads MALLOC_ARENA_MAX=2"
    back = layers.trimmable
    if back is None:
        return f"{other}, or {RESTARTS}"
    if back >= HALF * in_malloc:
        return (
            f"LEAKWATCH_TRIM = True gives {megabytes(back)} of it back; {other},"
            f" or {RESTARTS}, keep it from coming again"
        )
    return (
        f"malloc_trim would give only {megabytes(back)} of it back, for the free blocks"
        f" lie between others: {other}, or {RESTARTS}"
    )


NATIVE = (
    "`memray run --native -m scrapy crawl ...` on a short crawl names the C code that"
    " allocates; parsed trees (lxml) live as long as any selector on them"
)
"""How to find what takes memory outside Python."""
