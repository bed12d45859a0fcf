"""What becomes of a suspicion about memory once its layers are known.

Whatever is resident is in a mapped file, in Python's arenas, free in malloc,
in a large Python object, or outside Python.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge import memory_words as words
from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Verdict

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Kind, Layers, Suspicion


def verdict_on_layers(
    suspicion: Suspicion,
    layers: Layers,
    before: Layers | None = None,
    explained_bytes: float = 0.0,
) -> Verdict | None:
    """Return the verdict, None where the suspicion was not borne out.

    Free memory speaks for itself. Of growth one look can't tell what grew: it
    takes one ``before``, and what other verdicts explain of the growth since
    then (bytes).
    """
    if suspicion.kind == "fragmentation":
        return _fragmentation(suspicion, layers) if _is_kept(layers) else None
    if before is None:
        return None
    return _verdict_on_growth(suspicion, before, layers, explained_bytes)


def _verdict_on_growth(
    suspicion: Suspicion, before: Layers, layers: Layers, explained_bytes: float
) -> Verdict | None:
    grown = _resident(layers) - _resident(before)
    if grown - explained_bytes < thresholds.LAYERS_LEAST:
        return None
    since = _since(before, layers)
    kind = _what_grew(since, grown, explained_bytes)
    if kind == "fragmentation" and _is_kept(layers):
        return _fragmentation(suspicion, layers)
    if kind == "native":
        return _native(suspicion, layers, since.outside or 0, grown)
    if kind == "inconclusive":
        return _inconclusive(suspicion, layers, before)
    return None


def is_whole(layers: Layers) -> bool:
    """Tell whether all is known that it takes to say what grows."""
    return _outside(layers) is not None


class _Parts(NamedTuple):
    """Bytes; ``outside`` Python is None where it is not known."""

    python: int
    free: int
    outside: int | None


def _what_grew(since: _Parts, grown: int, explained_bytes: float) -> Kind | None:
    """Return what is to be told of it; growth in Python's objects is not."""
    if _most(since.free, grown):
        return "fragmentation"
    if _most(since.python, grown):
        return None
    if since.outside is None:
        return "inconclusive"
    return "native" if _most(since.outside - explained_bytes, grown) else None


def _since(before: Layers, layers: Layers) -> _Parts:
    large = _risen(layers.python_large, before.python_large)
    arenas = _risen(layers.arenas, before.arenas)
    free_there = _risen(layers.arenas_free, before.arenas_free)
    # Blocks that were given back to the system still count as free in malloc.
    free = free_there + _risen(layers.malloc_free, before.malloc_free)
    now, then = _outside(layers), _outside(before)
    return _Parts(
        python=arenas - free_there + large,
        free=min(free, sum(_free(layers))),
        outside=None if now is None or then is None else now - then,
    )


def _risen(now: int | None, then: int | None) -> int:
    return 0 if now is None or then is None else now - then


def _outside(layers: Layers) -> int | None:
    if layers.arenas is None or layers.python_large is None:
        return None
    _, free = _free(layers)
    return _resident(layers) - layers.arenas - free - layers.python_large


def _free(layers: Layers) -> tuple[int, int]:
    """Return what is free and resident, in the arenas and in malloc."""
    used = (layers.arenas or 0) + (layers.malloc_used or 0)
    room = max(_resident(layers) - used, 0)
    return layers.arenas_free or 0, min(layers.malloc_free or 0, room)


def _is_kept(layers: Layers) -> bool:
    return sum(_free(layers)) >= max(
        thresholds.FREE_LEAST, thresholds.FREE_SHARE * layers.rss
    )


def _resident(layers: Layers) -> int:
    return layers.rss - (layers.files or 0)


def _most(part: float, grown: int) -> bool:
    return part >= thresholds.LAYERS_SHARE * grown


def _fragmentation(suspicion: Suspicion, layers: Layers) -> Verdict:
    free = _free(layers)
    known = layers.arenas is not None and layers.malloc_used is not None
    return replace(
        _verdict(suspicion, layers),
        kind="fragmentation",
        confidence="high" if known else "medium",
        message=words.fragmented(layers, free, suspicion.headline),
        remedy=words.against_fragmentation(layers, free),
    )


def _native(suspicion: Suspicion, layers: Layers, outside: int, grown: int) -> Verdict:
    return replace(
        _verdict(suspicion, layers),
        kind="native",
        confidence="high",
        message=words.outside(outside, grown, suspicion.headline),
    )


def _inconclusive(suspicion: Suspicion, layers: Layers, before: Layers) -> Verdict:
    return replace(
        _verdict(suspicion, layers),
        message=words.unknown(suspicion.headline),
        caveat=layers.reason or before.reason,
    )


def _verdict(suspicion: Suspicion, layers: Layers) -> Verdict:
    return Verdict(
        kind="inconclusive",
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        spider=suspicion.spider,
        count=layers.rss,
        unaccounted=suspicion.unaccounted,
        growth=suspicion.growth,
        confidence="low",
        message=suspicion.headline,
        oldest_s=suspicion.oldest_s,
        example_url=suspicion.example_url,
        limit=suspicion.memory_limit,
        limit_in_s=_forecast(suspicion),
        remedy=words.NATIVE,
    )


def _forecast(suspicion: Suspicion) -> float | None:
    per_min = suspicion.growth.per_min
    if suspicion.memory_limit is None or per_min <= 0:
        return None
    return 60 * max(suspicion.memory_limit - suspicion.memory.rss, 0) / per_min
