"""Says what a crawl took and did not give back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds import taken
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.judge.verdicts import explained
from scrapy_leakwatch.records import (
    Explanation,
    Growth,
    Left,
    Stayed,
    Unexplained,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.judge.kinds.kind import Found
    from scrapy_leakwatch.records import (
        Confidence,
        Kind,
        Resource,
        Survivors,
        Suspicion,
        Taken,
    )
    from scrapy_leakwatch.records.facts import Facts

SOON_S = 1.0
"""A timer that runs out by itself so soon does no harm."""
FEW = 3
"""Crawlers that stay, one run after another, before anybody is accused."""
AGAIN = 4
"""In later crawls of a process it is said again when it is so many times as often."""

CRAWLER = "scrapy.crawler.Crawler"

KIND = VerdictKind(
    "unreleased",
    suspicions=taken.suspicions,
    verdict_on=taken.verdict_on,
    is_part=taken.is_part,
    left=taken.left,
    asks="takers",
)
"""While the crawl runs the samples show it; what is left, a look after it."""


def accused(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return what is not about to go by itself."""
    return tuple(
        each
        for each in resources
        if each.remaining_s is None or each.remaining_s > SOON_S
    )


def verdicts(
    resources: Iterable[Resource], spider: str
) -> list[tuple[Verdict, Explanation]]:
    """Return a verdict for each kind and line, with what is known of it."""
    groups: dict[tuple[str, ...], list[Resource]] = {}
    for each in accused(resources):
        groups.setdefault(_key(each), []).append(each)
    causes: dict[tuple[str, ...], list[list[Resource]]] = {}
    for key, group in groups.items():
        causes.setdefault(_cause(key, group[0]), []).append(group)
    return [_verdict(group, rest, spider) for group, *rest in causes.values()]


def owner_of(seen: Taken, suspicion: Suspicion) -> Explanation | Unexplained | None:
    """Return whose most of what is taken again and again is, None if nobody knows.

    Without a reason: that pools have them, so that there is an end.
    """
    bounded = seen.pooled >= thresholds.RESOURCES_CLAIMED * suspicion.unaccounted
    few = seen.alive < min(thresholds.RESOURCES_LEAST, suspicion.count)
    if few and (bounded or taken.all_are_seen(suspicion)):
        return Unexplained(
            subject=suspicion.subject,
            class_path=suspicion.class_path,
            spider=suspicion.spider,
            reason="",
            gone=True,
        )
    groups: dict[tuple[str, ...], list[Resource]] = {}
    for each in seen.owned:
        groups.setdefault(_key(each), []).append(each)
    most = max(groups.values(), key=len, default=[])
    if len(most) < max(thresholds.RESOURCES_CLAIMED * seen.looked_at, 1):
        return None
    return explained(most[0], suspicion.spider)


def _key(each: Resource) -> tuple[str, ...]:
    bare = each.what.partition(" (")[0]  # of threads without their numbers
    return (
        each.kind.name,
        each.class_path,
        each.location or each.attribute or bare,
    )


def _cause(key: tuple[str, ...], each: Resource) -> tuple[str, ...]:
    """Return what a pool has in common with its threads and connections."""
    if each.attribute and each.location:
        return (each.class_path, each.location, each.attribute)
    return key


def _verdict(
    group: list[Resource], rest: list[list[Resource]], spider: str
) -> tuple[Verdict, Explanation]:
    group.sort(key=lambda each: bool(each.attribute))  # most are not kept
    found = explained(group[0], spider)
    sure = all(each.sure for each in group)
    verdict = _tell(
        "unreleased",
        found,
        Growth((len(group),), 0.0, 0.0),
        "high" if sure else "medium",
        Left(tuple(group), tuple(map(tuple, rest))),
    )
    return verdict, found


def worth_asking(survivors: Survivors) -> bool:
    """Tell whether so many crawlers stay that it is time to ask who holds them."""
    return survivors.count >= FEW


def crawlers(
    survivors: Survivors, found: Found, spider: str
) -> tuple[Verdict, Found] | None:
    """Return the verdict on the crawlers that stay, None where it is no leak.

    A function that has not ended may keep what it will still read, such as a
    script the crawlers it started.
    """
    if not worth_asking(survivors):
        return None
    grown = Growth(survivors.series, 0.0, 0.0)
    facts = Stayed(survivors, found)
    if isinstance(found, Explanation):
        if "running" in found.traits or "foreign" in found.traits:
            return None
        told = _tell("unreleased", found, grown, "high", facts)
        return replace(told, count=survivors.count, unaccounted=survivors.count), found
    if found is not None and found.counts.examined:  # nobody holds them but the engine
        return None
    nameless = Explanation(
        *("Crawler", CRAWLER, spider, "", "", "project", (), "", None, None, "", "")
    )
    told = _tell("inconclusive", nameless, grown, "low", facts)
    told = replace(told, count=survivors.count, unaccounted=survivors.count)
    return replace(told, signature=None), found


def _tell(
    kind: Kind,
    found: Explanation,
    growth: Growth,
    confidence: Confidence,
    facts: Facts,
) -> Verdict:
    return Verdict(
        kind=kind,
        subject=found.subject,
        class_path=found.class_path,
        spider=found.spider,
        count=growth.floors[-1],
        unaccounted=growth.floors[-1],
        growth=growth,
        confidence=confidence,
        oldest_s=0.0,
        example_url="",
        signature=found.signature,
        holder=found.holder,
        owner=found.owner,
        facts=facts,
    )
