"""Memory that Python freed and the allocators keep: suspects it, and judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth_of
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.layers import free_in, is_kept
from scrapy_leakwatch.judge.verdicts import tell_of_layers
from scrapy_leakwatch.records import Fallen, Kept

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.memory_past import MemoryPast, MemoryPoint
    from scrapy_leakwatch.records import Confidence, Layers, Sample, Suspicion, Verdict


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
        fallen = Fallen("objects", peak.live, now.live)
    else:
        fallen = Fallen("blocks", peak.blocks, now.blocks)
    gone = int(kept * (1 - min(objects, blocks)))
    growth = growth_of(past.rss()[-past.steps :])
    return past.suspicion("fragmentation", sample, growth, gone, fallen)


def _is_fallen(past: MemoryPast, point: MemoryPoint) -> bool:
    objects, blocks = past.left(point)
    fallen = objects <= thresholds.KEPT_OBJECTS or blocks <= thresholds.KEPT_BLOCKS
    return fallen and point.rss >= thresholds.KEPT_RSS * past.peak.rss


def verdict_on(
    suspicion: Suspicion, layers: Layers, _: Layers | None, __: float
) -> Verdict | None:
    """Return the verdict: one look tells what is free."""
    return fragmented(suspicion, layers) if is_kept(layers) else None


def fragmented(suspicion: Suspicion, layers: Layers) -> Verdict:
    """Say how much is free, in the arenas and in malloc."""
    facts = Kept(*free_in(layers), layers.trimmable, suspicion.fallen)
    known = layers.arenas is not None and layers.malloc_used is not None
    confidence: Confidence = "high" if known else "medium"
    return tell_of_layers(suspicion, layers, "fragmentation", confidence, facts)


KIND = VerdictKind(
    "fragmentation", verdict_on_layers=verdict_on, left=lengths, asks="layers"
)
