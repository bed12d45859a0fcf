"""Memory outside Python that grows: suspects it, and judges it by two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth_of, rising_lows
from scrapy_leakwatch.judge.kinds import fragmentation, inconclusive
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.layers import grown_since, is_kept
from scrapy_leakwatch.judge.verdicts import tell_of_layers
from scrapy_leakwatch.records import Outside

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.layers import Parts
    from scrapy_leakwatch.judge.memory_past import MemoryPast
    from scrapy_leakwatch.records import (
        Kind,
        Layers,
        Sample,
        Suspicion,
        Verdict,
    )


def suspicion(
    past: MemoryPast, sample: Sample, explained_per_min: float
) -> Suspicion | None:
    """Suspect memory that grows to new highs while Python's blocks do not.

    What other verdicts account for, in bytes a minute, is not counted,
    nor what parsed pages may take of which ever more are alive.
    """
    points = past.points
    least = max(thresholds.MEMORY_LEAST, int(thresholds.MEMORY_SHARE * points[0].rss))
    lows = rising_lows(past.rss(), past.steps, least)
    if not lows or points[-1].rss < thresholds.NEW_HIGH * past.peak.rss:
        return None
    known = {point.time: point for point in points}
    first, last = known[lows[0].time], known[lows[-1].time]
    grown = last.rss - first.rss
    explained = explained_per_min * max(last.time - first.time, 0) / 60
    open_bytes = grown - int(explained) - past.pages_since(first.time)
    blocks = past.most_blocks(first.time) - first.blocks
    if (
        open_bytes < least
        or blocks * thresholds.BYTES_OF_A_BLOCK >= thresholds.PYTHONS_OWN * grown
    ):
        return None
    return past.suspicion("native", sample, growth_of(lows), open_bytes)


def verdict_on(
    suspicion: Suspicion,
    layers: Layers,
    before: Layers | None,
    explained_bytes: float,
) -> Verdict | None:
    """Return the verdict; what has grown need not be outside Python."""
    if before is None:
        return None
    since = grown_since(before, layers)
    if since.resident - explained_bytes < thresholds.LAYERS_LEAST:
        return None
    kind = _what_grew(since, explained_bytes)
    if kind == "fragmentation" and is_kept(layers):
        return fragmentation.fragmented(suspicion, layers)
    if kind == "native":
        return _native(suspicion, layers, since)
    if kind == "inconclusive":
        return inconclusive.of_layers(suspicion, layers, before)
    return None


def _what_grew(since: Parts, explained_bytes: float) -> Kind | None:
    """Return what is to be told of it; growth in Python's objects is not."""
    least = thresholds.LAYERS_SHARE * since.resident
    if since.free >= least:
        return "fragmentation"
    if since.python >= least:
        return None
    if since.outside is None:
        return "inconclusive"
    return "native" if since.outside - explained_bytes >= least else None


def _native(suspicion: Suspicion, layers: Layers, since: Parts) -> Verdict:
    facts = Outside(since.resident, since.outside or 0)
    return tell_of_layers(suspicion, layers, "native", "high", facts)


KIND = VerdictKind("native", verdict_on_layers=verdict_on, left=lengths, asks="layers")
