"""Makes a verdict of a suspicion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.records import Explanation, Verdict

if TYPE_CHECKING:
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import (
        Confidence,
        Kind,
        Layers,
        Resource,
        Sample,
        Suspicion,
    )
    from scrapy_leakwatch.records.facts import Facts


def tell(
    suspicion: Suspicion,
    kind: Kind,
    confidence: Confidence,
    facts: Facts,
    found: Found = None,
) -> Verdict:
    """Return the verdict, with the forecast where there is a price."""
    explanation = found if isinstance(found, Explanation) else None
    return Verdict(
        kind=kind,
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        spider=suspicion.spider,
        count=suspicion.count,
        unaccounted=suspicion.unaccounted,
        growth=suspicion.growth,
        confidence=confidence,
        oldest_s=suspicion.oldest_s,
        example_url=suspicion.example_url,
        signature=explanation.signature if explanation else None,
        limit=suspicion.memory_limit,
        limit_in_s=_forecast(suspicion, explanation) if explanation else None,
        holder=explanation.holder if explanation else "",
        owner=explanation.owner if explanation else "",
        facts=facts,
    )


def tell_of_layers(
    suspicion: Suspicion,
    layers: Layers,
    kind: Kind,
    confidence: Confidence,
    facts: Facts,
) -> Verdict:
    """Return the verdict on memory, with the forecast."""
    return replace(
        tell(suspicion, kind, confidence, facts),
        count=layers.rss,
        limit_in_s=limit_in_s(suspicion, suspicion.growth.per_min),
    )


def explained(each: Resource, spider: str, known_as: str = "") -> Explanation:
    """Return whose a resource is and where it was taken; the verdict says what helps.

    ``known_as`` stands in the signature for the name of its kind.
    """
    kind = each.kind.name
    taken = each.method or each.attribute or each.what
    return Explanation(
        subject=kind,
        class_path=each.class_path,
        spider=spider,
        holder=f"{kind} of {each.owner}",
        owner=each.owner,
        origin=each.origin,
        path=(),
        expression=f"self.{each.attribute}" if each.attribute else "",
        location=each.location,
        code=each.code,
        fix="",
        signature=signature(spider, known_as or kind, each.class_path, taken),
        likely=each.likely,
    )


def limit_in_s(seen: Suspicion | Sample, per_min: float) -> float | None:
    """Return in how many seconds memory is at its limit, at so many bytes a minute."""
    left = memory_left(seen)
    return None if left is None or per_min <= 0 else 60 * left / per_min


def memory_left(seen: Suspicion | Sample) -> int | None:
    """Return the bytes that are left to the limit of memory, None without one."""
    if seen.memory_limit is None:
        return None
    return max(seen.memory_limit - seen.memory.rss - seen.beside, 0)


def _forecast(suspicion: Suspicion, found: Explanation) -> float | None:
    per_min = suspicion.growth.per_min * found.price.retained_bytes_each
    return limit_in_s(suspicion, per_min)
