"""Hears each sample for what its memory says, and remembers the looks into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds import fragmentation, native, verdict_on_layers
from scrapy_leakwatch.judge.layers import is_whole
from scrapy_leakwatch.judge.memory_past import MemoryPast
from scrapy_leakwatch.records import Layers

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Kind, Sample, Suspicion, Verdict


class MemoryCase:
    """The memory of one crawl.

    The first look at memory that grows is what a second is compared with, once
    it has kept growing.
    """

    def __init__(self, spider: str, min_samples: int) -> None:
        self._past = MemoryPast(spider, min_samples)
        self._first: Layers | None = None
        self._looked: dict[Kind, Suspicion] = {}
        self._explained_per_min = 0.0

    def hear(self, sample: Sample, explained_per_min: float = 0.0) -> Suspicion | None:
        """Return the suspicion that a sample leads to, if a look is worth it.

        ``explained_per_min`` is what other verdicts account for, in bytes.
        """
        self._past.add(sample)
        self._explained_per_min = max(explained_per_min, 0.0)
        fallen = fragmentation.suspicion(self._past, sample)
        if fallen is not None and self._is_news(fallen):
            return fallen
        growing = native.suspicion(self._past, sample, self._explained_per_min)
        if growing is None or not self._is_news(growing):
            return None
        first = self._first
        if first is None or self._past.goes_on(first.time, thresholds.LAYERS_LEAST):
            return growing
        return None

    def conclude(self, suspicion: Suspicion, layers: Layers | None) -> Verdict | None:
        """Return the verdict on a suspicion, from a look at where the memory is.

        Without a look nothing can be told of it but that it grows.
        """
        if layers is None:
            rss, time = suspicion.memory.rss, self._past.last_time
            layers = Layers(rss, time=time)
        if suspicion.kind == "fragmentation":
            self._looked[suspicion.kind] = suspicion
            return verdict_on_layers(suspicion, layers)
        first = self._first
        if first is None or (is_whole(layers) and not is_whole(first)):
            self._first = layers
            return verdict_on_layers(suspicion, layers)
        verdict = verdict_on_layers(suspicion, layers, first, self._explained(first))
        self._looked[suspicion.kind] = suspicion
        if verdict is None:
            self._first = layers
        return verdict

    def forget(self, kind: Kind) -> None:
        """Look again as for the first time: a verdict of this kind was withdrawn."""
        self._looked.pop(kind, None)

    def _explained(self, first: Layers) -> float:
        minutes = max(self._past.last_time - first.time, 0.0) / 60
        return self._explained_per_min * minutes + self._past.pages_since(first.time)

    def _is_news(self, suspicion: Suspicion) -> bool:
        looked = self._looked.get(suspicion.kind)
        return (
            looked is None
            or suspicion.unaccounted >= thresholds.MEMORY_AGAIN * looked.unaccounted
        )
