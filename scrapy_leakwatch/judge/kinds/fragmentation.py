"""Memory that Python freed and the allocators keep: suspects it, and judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth_of
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.layers import free_in, is_kept
from scrapy_leakwatch.judge.verdicts import tell_of_layers
from scrapy_leakwatch.judge.wording import grows, megabytes
from scrapy_leakwatch.records import Fallen

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.memory_past import MemoryPast, MemoryPoint
    from scrapy_leakwatch.records import Layers, Sample, Suspicion, Verdict

RESTARTS = "smaller jobs, with JOBDIR and restarts"
HALF = 0.5


def suspicion(past: MemoryPast, sample: Sample) -> Suspicion | None:
    """Suspect memory that stays high after most objects are gone."""
    recent = past.points[-past.steps :]
    lowest = min(point.rss for point in past.points)
    kept = min(point.rss for point in recent) - lowest
    if len(past.points) <= past.steps or kept < thresholds.KEPT_LEAST:
        return None
    if not all(_is_fallen(past, point) for point in recent):
        return None
    now, peak = recent[-1], past.peak
    objects, blocks = past.left(now)
    if objects <= blocks:
        fallen = Fallen("live objects", peak.live, now.live)
    else:
        fallen = Fallen("Python's blocks", peak.blocks, now.blocks)
    gone = int(kept * (1 - min(objects, blocks)))
    growth = growth_of(past.rss()[-past.steps :])
    return past.suspicion("fragmentation", sample, growth, gone, fallen)


def _is_fallen(past: MemoryPast, point: MemoryPoint) -> bool:
    objects, blocks = past.left(point)
    fallen = objects <= thresholds.KEPT_OBJECTS or blocks <= thresholds.KEPT_BLOCKS
    return fallen and point.rss >= thresholds.KEPT_RSS * past.peak.rss


def _story(suspicion: Suspicion) -> str:
    """Tell what fell while memory did not, or how memory grows."""
    fallen = suspicion.fallen
    if fallen is None:
        return grows(suspicion.growth)
    what, then, now = fallen
    return f"{what} fell from {then:,} to {now:,}, and memory did not"


def verdict_on(
    suspicion: Suspicion, layers: Layers, _: Layers | None, __: float
) -> Verdict | None:
    """Return the verdict: one look tells what is free."""
    return fragmented(suspicion, layers) if is_kept(layers) else None


def fragmented(suspicion: Suspicion, layers: Layers) -> Verdict:
    """Say how much is free, in the arenas and in malloc."""
    free = free_in(layers)
    parts = zip(("arenas", "malloc"), free, strict=True)
    places = ", ".join(f"{name} {megabytes(size)}" for name, size in parts if size)
    message = (
        f"memory is fragmented: {megabytes(layers.rss)} resident,"
        f" {megabytes(sum(free))} of it free inside the allocators ({places});"
        f" {_story(suspicion)}"
    )
    known = layers.arenas is not None and layers.malloc_used is not None
    return tell_of_layers(
        suspicion,
        layers,
        "fragmentation",
        "high" if known else "medium",
        message,
        remedy=_what_helps(layers, free),
    )


def _what_helps(layers: Layers, free: tuple[int, int]) -> str:
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


KIND = VerdictKind("fragmentation", verdict_on_layers=verdict_on, left=lengths)
