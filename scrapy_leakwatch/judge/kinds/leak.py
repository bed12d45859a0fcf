"""Suspects objects that nobody should hold, and says what becomes of it.

What no engine of the process owns is no backlog. What was alive after full
collections is no garbage. What was only seen growing may be: then somebody
must be found who holds it before anybody is accused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import Point, growth, growth_of, lows
from scrapy_leakwatch.judge.kinds import garbage, inconclusive
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.judge.told import Key
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import (
    REQUESTS,
    RESPONSES,
    Counted,
    Explanation,
    Suspicion,
    Unexplained,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.judge.told import Standing
    from scrapy_leakwatch.records import (
        Confidence,
        Growth,
        Oldest,
        Sample,
        Verdict,
    )

OF_A_RESPONSE = (
    REQUESTS,
    "scrapy.selector.unified.Selector",
    "scrapy.selector.unified.SelectorList",
)
"""What each response has of its own: where responses pile up, so do these."""


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield what grows, the responses first."""
    others = [subject for subject in sample.oldest if subject != RESPONSES]
    for subject in (RESPONSES, *others):
        suspicion = _suspicion(subject, history, sample, case)
        if suspicion is not None:
            yield suspicion


def kept(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield at the end of a crawl what it has nearly one of for each response.

    In a short one they come in bursts, and no step of a dozen samples is steady.
    """
    for subject, oldest in sample.oldest.items():
        share = _share(oldest)
        own = _own(subject, share, sample, case)
        points = _part(history.levels(subject), share)[1:]
        if own < thresholds.KEPT * sample.received or len(points) <= case.min_samples:
            continue
        grown = growth_of(lows(points, case.min_samples))
        if grown.per_1000_responses > 0:
            yield _suspected(subject, own, grown, sample, case, proved=False)


def _own(subject: str, share: float, sample: Sample, case: Case) -> int:
    """Return how many are this crawl's, 0 where they are too few to accuse anybody."""
    own = round(share * sample.held[subject])
    return 0 if own < case.min_objects else own


def _suspicion(
    subject: str, history: History, sample: Sample, case: Case
) -> Suspicion | None:
    oldest = sample.oldest.get(subject)
    if oldest is None:
        return None
    share = _share(oldest)
    own = _own(subject, share, sample, case)
    if not own:
        return None
    # What full collections proved may be another's.
    floors: Sequence[Point] = history.floors(subject) if share == 1 else ()
    grown = growth(floors, case.min_samples, case.min_objects)
    proved = grown is not None
    if grown is None:
        levels = _part(history.levels(subject), share)
        grown = growth(levels, case.min_samples, case.min_objects)
    if grown is None or _is_impossible(subject, grown, proved=proved):
        return None
    return _suspected(subject, own, grown, sample, case, proved=proved)


def _suspected(
    subject: str,
    own: int,
    grown: Growth,
    sample: Sample,
    case: Case,
    *,
    proved: bool,
) -> Suspicion:
    oldest = sample.oldest[subject]
    return Suspicion(
        kind="leak",
        judged_as=subject,
        subject=oldest.subject,
        class_path=oldest.path,
        spider=case.spider,
        count=round(_share(oldest) * oldest.count),
        unaccounted=own,
        growth=grown,
        proved=proved,
        oldest_s=oldest.age_s,
        example_url=oldest.url,
        memory=sample.memory,
        memory_limit=sample.memory_limit,
        beside=sample.beside,
        queued=sample.requests.queued_memory,
        collector=sample.collector,
    )


def _is_impossible(subject: str, grown: Growth, *, proved: bool) -> bool:
    """Tell whether more responses pile up than come: dead ones, of callbacks that end.

    Redirects and retries make some more of them than are received.
    """
    return (
        subject == RESPONSES
        and not proved
        and grown.per_1000_responses > thresholds.MOST_PER_1000_RESPONSES
    )


def _share(oldest: Oldest) -> float:
    """Return which part of the objects is this crawl's, as the oldest tell."""
    share = oldest.own_share
    return 1 if share is None or share >= thresholds.OWN_SHARE else share


def _part(points: Sequence[Point], share: float) -> Sequence[Point]:
    """Return how many of the objects of a process were this crawl's."""
    if share == 1:
        return points
    return [Point(at, n, round(share * held)) for at, n, held in points]


def verdict_on(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Return the verdict, None where the suspicion was not borne out.

    ``found`` is None where nobody looked. What full collections proved stands
    without a holder, at a lower confidence; what they did not falls. Where none was
    left to examine the engine has come to own them all, or they are gone.
    """
    gone = isinstance(found, Unexplained) and found.gone
    return None if gone else _verdict_on(suspicion, found, case)


def _verdict_on(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    held = _held(suspicion, found)
    looked = found is not None and found.counts.examined and not _direct(found)
    minor = held <= thresholds.MAJORITY * suspicion.unaccounted
    if looked and minor and held < case.min_objects:
        return garbage.garbage(suspicion, found, case)
    if isinstance(found, Explanation):
        if (
            "foreign" in found.traits
            or "bounded" in found.traits
            or _is_cargo(suspicion, found)
        ):
            return None
        if "emptied" in found.traits and held < _most_of_a_batch(suspicion, case):
            return None
        if suspicion.proved or (looked and held >= case.min_objects):
            confidence: Confidence = "medium" if "direct" in found.traits else "high"
            return _leak(suspicion, confidence, found)
    elif suspicion.proved:
        return _leak(suspicion, "medium", found)
    few = looked and held < case.many
    return None if few else inconclusive.of_objects(suspicion, found, case)


def _held(suspicion: Suspicion, found: Found) -> float:
    """Return how many are held, of those that are not accounted for.

    What the engine works on may be held by others too, the dead are not: where many
    more were examined than are unaccounted for, the dead are all among the latter.
    """
    if found is None or not found.counts.examined:
        return suspicion.unaccounted
    counts = found.counts
    share = 1 - (counts.garbage + counts.in_flight) / counts.examined
    held = min(suspicion.unaccounted * share, suspicion.unaccounted - counts.garbage)
    return max(held, 0.0)


def _without_garbage(suspicion: Suspicion, found: Found) -> Suspicion:
    """Return it with the growth of what is held: samples count the dead as well."""
    if suspicion.proved:
        return suspicion
    grown = suspicion.growth
    share = min(_held(suspicion, found) / grown.floors[-1], 1)
    held = replace(
        grown,
        per_1000_responses=share * grown.per_1000_responses,
        per_min=share * grown.per_min,
        weakest_per_1000=share * grown.weakest_per_1000,
    )
    return replace(suspicion, growth=held)


def _direct(found: Explanation | Unexplained) -> bool:
    """Tell whether only live requests were looked at: they may be garbage."""
    return isinstance(found, Explanation) and "direct" in found.traits


def _most_of_a_batch(suspicion: Suspicion, case: Case) -> int:
    """Return how many may be held where the owner lets go of them now and then."""
    page = suspicion.judged_as in (RESPONSES, *OF_A_RESPONSE)
    return case.many if page else case.far_beyond


def _is_cargo(suspicion: Suspicion, found: Explanation) -> bool:
    """Tell whether the objects are only passed on, in requests that wait.

    That is what ``cb_kwargs`` are for, and ends with the requests: a backlog.
    A response or a selector is no cargo, for each drags a whole page along.
    """
    return found.owner_kind == "scheduler" and suspicion.judged_as not in (
        RESPONSES,
        *OF_A_RESPONSE,
    )


def _leak(suspicion: Suspicion, confidence: Confidence, found: Found) -> Verdict:
    suspicion = _without_garbage(suspicion, found)
    in_queue = isinstance(found, Explanation) and found.owner_kind == "scheduler"
    dragged_by = suspicion.queued if in_queue else None
    facts = Counted(suspicion.judged_as, suspicion.proved, found, dragged_by)
    return tell(suspicion, "leak", confidence, facts, found)


def _is_part(suspicion: Suspicion, told: Mapping[Key, Standing]) -> bool:
    """Tell whether it grows as what hangs on the leaking responses would."""
    leak = told.get(Key("samples", RESPONSES))
    if suspicion.judged_as not in OF_A_RESPONSE or leak is None:
        return False
    rate = leak.verdict.growth.per_1000_responses
    return (
        leak.verdict.kind == "leak"
        and suspicion.growth.per_1000_responses <= thresholds.TOLD_AGAIN * rate
    )


KIND = VerdictKind(
    "leak", suspicions=suspicions, verdict_on=verdict_on, is_part=_is_part
)
