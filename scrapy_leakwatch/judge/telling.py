"""Makes a verdict of a suspicion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Verdict

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Confidence, Explanation, Kind, Suspicion


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


def _forecast(suspicion: Suspicion, explanation: Explanation) -> float | None:
    per_min = suspicion.growth.per_min * explanation.price.retained_bytes_each
    if suspicion.memory_limit is None or per_min <= 0:
        return None
    left = max(suspicion.memory_limit - suspicion.memory.rss, 0)
    return 60 * left / per_min
