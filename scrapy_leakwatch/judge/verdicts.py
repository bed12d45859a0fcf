"""Makes a verdict of a suspicion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Verdict

if TYPE_CHECKING:
    from scrapy_leakwatch.records import (
        Confidence,
        Explanation,
        Kind,
        Layers,
        Sample,
        Suspicion,
        Unexplained,
    )

WHAT_IS_NATIVE = (
    "`memray run --native -m scrapy crawl ...` on a short crawl names the C code that"
    " allocates; parsed trees (lxml) live as long as any selector on them"
)
"""How to find what takes memory outside Python."""


def tell(
    suspicion: Suspicion,
    kind: Kind,
    confidence: Confidence,
    message: str,
    explanation: Explanation | None = None,
    *,
    caveat: str | None = None,
    remedy: str = "",
) -> Verdict:
    """Return the verdict, with the forecast where there is a price."""
    return Verdict(
        kind=kind,
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        spider=suspicion.spider,
        count=suspicion.count,
        unaccounted=suspicion.unaccounted,
        growth=suspicion.growth,
        confidence=confidence,
        message=message,
        oldest_s=suspicion.oldest_s,
        example_url=suspicion.example_url,
        signature=explanation.signature if explanation else None,
        limit=suspicion.memory_limit,
        limit_in_s=_forecast(suspicion, explanation) if explanation else None,
        caveat=caveat,
        remedy=remedy,
        holder=explanation.holder if explanation else "",
        owner=explanation.owner if explanation else "",
    )


def tell_of_layers(
    suspicion: Suspicion,
    layers: Layers,
    kind: Kind,
    confidence: Confidence,
    message: str,
    *,
    remedy: str,
    caveat: str | None = None,
) -> Verdict:
    """Return the verdict on memory, with the forecast."""
    return replace(
        tell(suspicion, kind, confidence, message, caveat=caveat, remedy=remedy),
        count=layers.rss,
        limit_in_s=limit_in_s(suspicion, suspicion.growth.per_min),
    )


def not_known(found: Unexplained | None) -> str:
    """Return why nobody knows who holds what is told of, as a caveat."""
    if found is None:
        return "nobody looked who holds them: LEAKWATCH_EXPLAIN is off"
    return f"who holds them is not known: {found.reason}"


def limit_in_s(seen: Suspicion | Sample, per_min: float) -> float | None:
    """Return in how many seconds memory is at its limit, at so many bytes a minute."""
    if seen.memory_limit is None or per_min <= 0:
        return None
    left = seen.memory_limit - seen.memory.rss - seen.beside
    return 60 * max(left, 0) / per_min


def _forecast(suspicion: Suspicion, found: Explanation) -> float | None:
    per_min = suspicion.growth.per_min * found.price.retained_bytes_each
    return limit_in_s(suspicion, per_min)
