"""Suspects containers that grow and that nobody bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.growth import growth
from scrapy_leakwatch.judge.history import RSS
from scrapy_leakwatch.judge.kinds.kind import VerdictKind, lengths
from scrapy_leakwatch.judge.told import is_inside
from scrapy_leakwatch.judge.verdicts import tell
from scrapy_leakwatch.records import Counted, Explanation, Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.judge.told import Key, Standing
    from scrapy_leakwatch.records import (
        Confidence,
        Container,
        Growth,
        Sample,
        Verdict,
    )


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield the containers that grow as steadily as the crawl goes on."""
    rss_per_min = _rss_per_min(history, case)
    for family, members in _families(sample).items():
        container = _as_one(members)
        if container.len < case.crowd:
            continue
        grown = growth(history.lengths(family), case.min_samples, case.crowd)
        if grown is None or not _is_steady(grown):
            continue
        if container.origin == "library" and not _may_be_most(grown, rss_per_min):
            continue
        yield _suspicion(container, grown, sample, case, rss_per_min)


def _families(sample: Sample) -> dict[str, list[Container]]:
    families: dict[str, list[Container]] = {}
    for container in sample.containers:
        if not container.bounded:
            families.setdefault(container.family, []).append(container)
    return families


def _as_one(members: list[Container]) -> Container:
    """Return containers that are alike as one, such as the lists of one dict."""
    first, *others = members
    if not others:
        return first
    return replace(first, name=first.family, len=sum(each.len for each in members))


def verdict_on(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Return the verdict, None where the container is bounded, or holds a leak.

    Objects that are counted by themselves are judged by themselves.
    """
    confidence: Confidence = "medium"
    if isinstance(found, Explanation):
        if found.victims or "foreign" in found.traits:
            return None
        if "bounded" in found.traits or (
            "emptied" in found.traits and suspicion.count < case.far_beyond
        ):
            return None
        if suspicion.origin == "library" and not _is_most(suspicion, found):
            return None
        confidence = "medium" if "emptied" in found.traits else "high"
    elif suspicion.origin == "library":
        return None
    facts = Counted(suspicion.judged_as, suspicion.proved, found)
    return tell(suspicion, "hoard", confidence, facts, found)


def _suspicion(
    container: Container, grown: Growth, sample: Sample, case: Case, rss_per_min: float
) -> Suspicion:
    return Suspicion(
        kind="hoard",
        judged_as=container.family,
        subject=container.name,
        class_path=container.type,
        spider=case.spider,
        count=container.len,
        unaccounted=container.len,
        growth=grown,
        proved=True,
        oldest_s=0.0,
        example_url="",
        memory=sample.memory,
        memory_limit=sample.memory_limit,
        beside=sample.beside,
        rss_per_min=rss_per_min,
        origin=container.origin,
    )


def _is_steady(grown: Growth) -> bool:
    return grown.weakest_per_1000 >= thresholds.HOARD_STEADY * grown.per_1000_responses


def _rss_per_min(history: History, case: Case) -> float:
    grown = growth(history.lengths(RSS), case.min_samples, thresholds.HOARD_LEAST)
    return grown.per_min if grown else 0.0


def _may_be_most(grown: Growth, rss_per_min: float) -> bool:
    """Tell whether a framework's cache is worth a look at its price."""
    return (
        0
        < thresholds.HOARD_SHARE_OF_LIBRARY * rss_per_min
        <= 10 * thresholds.HOARD_SMALL_ENTRY * grown.per_min
    )


def _is_most(suspicion: Suspicion, found: Explanation) -> bool:
    per_min = suspicion.growth.per_min * found.price.retained_bytes_each
    return 0 < thresholds.HOARD_SHARE_OF_LIBRARY * suspicion.rss_per_min <= per_min


def _is_part(suspicion: Suspicion, told: Mapping[Key, Standing]) -> bool:
    """Tell whether it holds what was told to leak, or not to be released."""
    return any(
        is_inside(each.verdict.holder, suspicion.subject)
        for each in told.values()
        if each.verdict.kind in {"leak", "unreleased"}
    )


KIND = VerdictKind(
    "hoard",
    suspicions=suspicions,
    verdict_on=verdict_on,
    is_part=_is_part,
    left=lengths,
    asks="container",
)
