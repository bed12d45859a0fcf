"""What becomes of a suspicion once somebody has looked who holds the objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge.suspicions import OF_A_RESPONSE
from scrapy_leakwatch.records import RESPONSES, Explanation, Verdict

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Confidence, Suspicion, Unexplained

SCHEDULER = "scheduler memory queue"


def verdict_on(
    suspicion: Suspicion,
    found: Explanation | Unexplained | None,
    min_objects: int,
) -> Verdict | None:
    """Return the verdict, None where the suspicion was not borne out.

    ``found`` is None where nobody was to look. What full collections proved
    stands without a holder, at a lower confidence; what they did not falls.
    """
    held = suspicion.unaccounted * held_share(found)
    if isinstance(found, Explanation):
        # A look without a fork can't tell whether its requests are garbage.
        borne_out = held >= min_objects and not found.direct
        if not (borne_out or suspicion.proved):
            return None
        if found.foreign or found.bounded or _is_cargo(suspicion, found):
            return None
        confidence: Confidence = "medium" if found.direct else "high"
        return _leak(suspicion, confidence, explanation=found)
    if not suspicion.proved or (found is not None and found.examined and held == 0):
        return None
    caveat = None if found is None else f"who holds them is not known: {found.reason}"
    return _leak(suspicion, "medium", caveat=caveat)


def held_share(found: Explanation | Unexplained | None) -> float:
    """Return the part of the examined objects, 0 to 1, that somebody may hold."""
    if found is None or not found.examined:
        return 1.0
    return max(1 - (found.garbage + found.in_flight) / found.examined, 0.0)


def _is_cargo(suspicion: Suspicion, found: Explanation) -> bool:
    """Tell whether the objects are only passed on, in requests that wait.

    That is what ``cb_kwargs`` are for, and ends with the requests: a backlog.
    A response or a selector is no cargo, for each drags a whole page along.
    """
    return found.owner == SCHEDULER and suspicion.judged_as not in (
        RESPONSES,
        *OF_A_RESPONSE,
    )


def _leak(
    suspicion: Suspicion,
    confidence: Confidence,
    explanation: Explanation | None = None,
    caveat: str | None = None,
) -> Verdict:
    return Verdict(
        kind="leak",
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        spider=suspicion.spider,
        count=suspicion.count,
        unaccounted=suspicion.unaccounted,
        growth=suspicion.growth,
        confidence=confidence,
        message=suspicion.headline,
        oldest_s=suspicion.oldest_s,
        example_url=suspicion.example_url,
        signature=explanation.signature if explanation else None,
        limit=suspicion.memory_limit,
        limit_in_s=_forecast(suspicion, explanation) if explanation else None,
        caveat=caveat,
    )


def _forecast(suspicion: Suspicion, explanation: Explanation) -> float | None:
    per_min = suspicion.growth.per_min * explanation.retained_bytes_each
    if suspicion.memory_limit is None or per_min <= 0:
        return None
    left = max(suspicion.memory_limit - suspicion.memory.rss, 0)
    return 60 * left / per_min
