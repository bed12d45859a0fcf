"""Says what a crawl took and did not give back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds import taken
from scrapy_leakwatch.judge.kinds.kind import VerdictKind
from scrapy_leakwatch.judge.releasing import advice
from scrapy_leakwatch.judge.wording import series
from scrapy_leakwatch.records import Explanation, Growth, Unexplained, Verdict

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

SOON_S = 1.0
"""A timer that runs out by itself so soon does no harm."""
FEW = 3
"""Crawlers that stay, one run after another, before anybody is accused."""
AGAIN = 4
"""In later crawls of a process it is said again when it is so many times as often."""
MOST_NAMED = 3

CRAWLER = "scrapy.crawler.Crawler"

KIND = VerdictKind(
    "unreleased",
    suspicions=taken.suspicions,
    verdict_on=taken.verdict_on,
    is_part=taken.is_part,
    left=taken.left,
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

    Or that pools have them, so that there is an end.
    """
    bounded = seen.pooled >= thresholds.RESOURCES_CLAIMED * suspicion.unaccounted
    few = seen.alive < thresholds.RESOURCES_LEAST
    if few and (bounded or taken.all_are_seen(suspicion)):
        return Unexplained(
            subject=suspicion.subject,
            class_path=suspicion.class_path,
            spider=suspicion.spider,
            reason=f"pools, which have a bound, have {seen.pooled:,} of them",
            gone=True,
        )
    groups: dict[tuple[str, ...], list[Resource]] = {}
    for each in seen.owned:
        groups.setdefault(_key(each), []).append(each)
    most = max(groups.values(), key=len, default=[])
    if len(most) < max(thresholds.RESOURCES_CLAIMED * seen.looked_at, 1):
        return None
    found = _explanation(most[0], len(most), suspicion.spider)
    return replace(found, fix=taken.release(suspicion))


def with_total(verdict: Verdict, count: int) -> Verdict:
    """Return a verdict that says how many there are by now in the process."""
    if count <= verdict.count:
        return verdict
    return replace(verdict, message=f"{verdict.message}; {count} in this process")


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
    first = min(group, key=lambda each: bool(each.attribute))  # most are not kept
    found = _explanation(first, len(group), spider)
    sure = all(each.sure for each in group)
    verdict = _tell(
        "unreleased",
        found,
        Growth((len(group),), 0.0, 0.0),
        "high" if sure else "medium",
        "; with it ".join([_message(group), *map(_counted, rest)]),
        remedy=found.fix,
    )
    return verdict, found


def _message(group: list[Resource]) -> str:
    first = group[0]
    kind = first.kind
    taken = f"{kind.did} by {first.owner}"
    if first.method:
        taken += f" in {first.method}"
    if len(group) == 1:
        told = f"{_named(first)}, {taken}, {kind.since}"
        return f"unreleased: {told} after the spider closed"
    names = sorted({each.what for each in group})
    shown = ", ".join(names[:MOST_NAMED]) + (", ..." if names[MOST_NAMED:] else "")
    return (
        f"unreleased: {_counted(group)} ({shown}), {taken}: each {kind.since}"
        " after the spider closed"
    )


def _counted(group: list[Resource]) -> str:
    return f"{len(group)} x {group[0].kind.name}"


def _named(resource: Resource) -> str:
    kind = resource.kind
    return resource.what if kind.named_alone else f"{kind.name} {resource.what}"


def _explanation(first: Resource, count: int, spider: str) -> Explanation:
    taken = first.method or first.attribute or first.what
    names = (spider, first.kind.name, first.class_path, taken)
    return Explanation(
        subject=first.kind.name,
        class_path=first.class_path,
        spider=spider,
        holder=f"{first.kind.name} of {first.owner}",
        owner=first.owner,
        origin=first.origin,
        path=(),
        expression=f"self.{first.attribute}" if first.attribute else "",
        location=first.location,
        code=first.code,
        fix=advice(first, count),
        signature=hashlib.sha256("\n".join(names).encode()).hexdigest()[:8],
        likely=first.likely,
    )


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
    message = (
        f"unreleased: {survivors.count} Crawlers of {survivors.ended} ended crawls are"
        f" still alive, with their spiders and engines ({series(survivors.series)})"
    )
    if isinstance(found, Explanation):
        if "running" in found.traits or "foreign" in found.traits:
            return None
        found = replace(found, fix=_FIX.format(holder=found.holder))
        told = _tell("unreleased", found, grown, "high", message, remedy=found.fix)
        return replace(told, count=survivors.count, unaccounted=survivors.count), found
    if found is not None and found.counts.examined:  # nobody holds them but the engine
        return None
    reason = found.reason if found is not None else "LEAKWATCH_EXPLAIN is off"
    nameless = Explanation(
        *("Crawler", CRAWLER, spider, "", "", "project", (), "", None, None, "", "")
    )
    caveat = f"who holds them is not known: {reason}"
    told = _tell("inconclusive", nameless, grown, "low", message, caveat=caveat)
    told = replace(told, count=survivors.count, unaccounted=survivors.count)
    return replace(told, signature=None), found


_FIX = (
    "let go of it when the spider closes: take it out of {holder}, and keep what you"
    " need of it, such as dict(crawler.stats.get_stats())"
)


def _tell(
    kind: Kind,
    found: Explanation,
    growth: Growth,
    confidence: Confidence,
    message: str,
    *,
    remedy: str = "",
    caveat: str | None = None,
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
        message=message,
        oldest_s=0.0,
        example_url="",
        signature=found.signature,
        caveat=caveat,
        remedy=remedy,
        holder=found.holder,
        owner=found.owner,
    )
