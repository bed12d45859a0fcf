"""What is said of what a crawl took and did not give back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation, Left, PilingUp, Stayed
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.taken import piling_up
from scrapy_leakwatch.report.kinds.wording import series, unknown

if TYPE_CHECKING:
    from scrapy_leakwatch.records import ComponentKind, Resource, Verdict

MOST_NAMED = 3
CONTAINERS = frozenset({"dict", "list", "set", "tuple", "deque", "defaultdict"})
WHERE: dict[ComponentKind, str] = {
    "spider": "in the spider's closed()",
    "item pipeline": "in close_spider()",
}


def with_total(verdict: Verdict, count: int) -> Verdict:
    """Return a verdict that says how many there are by now in the process."""
    if count <= verdict.count:
        return verdict
    return replace(verdict, message=f"{verdict.message}; {count} in this process")


def stayed(_: Verdict, facts: Stayed) -> Words:
    """Say how many crawlers of ended crawls are alive, and who should let go."""
    survivors, found = facts.survivors, facts.found
    message = (
        f"unreleased: {survivors.count} Crawlers of {survivors.ended} ended crawls are"
        f" still alive, with their spiders and engines ({series(survivors.series)})"
    )
    if isinstance(found, Explanation):
        return Words(
            message,
            remedy="let go of it when the spider closes: take it out of"
            f" {found.holder}, and keep what you need of it, such as"
            " dict(crawler.stats.get_stats())",
        )
    return Words(message, caveat=unknown("who holds them", found))


def _left(_: Verdict, facts: Left) -> Words:
    return Words(
        "; with it ".join([_message(facts.taken), *map(_counted, facts.with_it)]),
        remedy=_advice(facts.taken[0], len(facts.taken)),
    )


def _message(group: tuple[Resource, ...]) -> str:
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


def _counted(group: tuple[Resource, ...]) -> str:
    return f"{len(group)} x {group[0].kind.name}"


def _named(resource: Resource) -> str:
    kind = resource.kind
    return resource.what if kind.named_alone else f"{kind.name} {resource.what}"


def _advice(resource: Resource, count: int) -> str:
    """Say what to do with ``count`` of a kind, and where."""
    where = WHERE.get(resource.owner_kind, "in a handler of spider_closed")
    name = f"self.{resource.attribute}"
    unkept = resource.kind.release_unkept
    if resource.closer:
        return f"{where}, call {name}.{resource.closer}"
    if resource.nested:
        return f"{where}, let {name} ({resource.has}) end it: {unkept}"
    if not resource.attribute:
        return f"{where}, {unkept}"
    if count > 1 or resource.has in CONTAINERS:
        return f"{where}, {unkept}, each of those in {name}"
    return f"{where}, call {resource.kind.release.format(name)}"


KIND = KindWords(
    "unreleased",
    "Not released",
    "bad",
    {Left: _left, Stayed: stayed, PilingUp: piling_up},
    deed="taken by",
)
