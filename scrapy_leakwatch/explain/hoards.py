"""Explains a container that grows: its line, contents, price and remedy."""

from __future__ import annotations

from functools import _lru_cache_wrapper
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, redact
from scrapy_leakwatch.explain import (
    blame,
    bounds,
    contents,
    cost,
    findings,
    remedies,
    words,
)
from scrapy_leakwatch.explain.evicting import drops_its_own
from scrapy_leakwatch.explain.labels import label
from scrapy_leakwatch.explain.records import Explanation, PathStep, Unexplained
from scrapy_leakwatch.explain.roots import Root, Roots
from scrapy_leakwatch.explain.statement import is_emptied

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.contents import Entry
    from scrapy_leakwatch.explain.findings import Group
    from scrapy_leakwatch.explain.records import HoardQuestion

Trail = tuple[Any, ...]


def investigate_hoard(
    question: HoardQuestion, trail: Trail | None, crawler: Any
) -> Explanation | Unexplained:
    """Return what is in the container at the end of ``trail``, and who adds to it."""
    entries = contents.pick(trail[-1]) if trail else []
    if trail is None or not entries:
        return Unexplained(
            question.name, question.type, question.spider, "it is empty by now"
        )
    roots = Roots(crawler)
    group = findings.of_container(*_rooted(question, trail, roots))
    stops = roots.ids | {id(node) for node in group.lead.trail}
    price = cost.price_entries(entries, stops)
    each = price.bytes_each + _slot_bytes(trail[-1], question.len)
    return _state(question, group, crawler, entries, (each, price))


def _state(
    question: HoardQuestion,
    group: Group,
    crawler: Any,
    entries: list[Entry],
    priced: tuple[int, cost.Price],
) -> Explanation:
    container = group.lead.trail[-1]
    ours = question.origin == "project"
    line = blame.added_there(group.lead, crawler) if ours else None
    inside = contents.in_words(entries)
    each, price = priced
    return Explanation(
        subject=question.name,
        class_path=redact.text(_path_of(type(container))),
        spider=question.spider,
        holder=question.name,
        owner=question.owner,
        origin=question.origin,
        path=_path(group),
        expression=group.expression,
        location=line.location if line else None,
        code=line.code if line else None,
        fix=remedies.remedy(_hoard(question, container, inside)),
        signature=group.signature(question.spider),
        likely=line.likely if line else False,
        bounded=bounds.is_within(_behind(group.lead.trail)),
        emptied=drops_its_own(container) or (ours and is_emptied(group.lead, crawler)),
        examined=len(entries),
        share=1.0,
        retained_bytes_each=each,
        retained_bytes_total=each * question.total,
        tree_bytes=price.tree_bytes,
        contents=inside,
        victims=price.victims,
        example_url=_example_url(entries),
    )


def _behind(trail: Trail) -> Trail:
    """Return the way without its owner, who has other limits as well."""
    return trail[1:] or trail


def _hoard(question: HoardQuestion, container: Any, inside: str) -> remedies.Hoard:
    keys, _, values = inside.rpartition(" → ")
    return remedies.Hoard(
        name=question.name,
        kind=_kind(container),
        owner=question.owner,
        origin=question.origin,
        values=values,
        keys=keys,
    )


def _kind(container: Any) -> remedies.Kind:
    if type(container) is _lru_cache_wrapper:
        return "cache"
    if anatomy.inherits(container, "collections.Counter"):
        return "counter"
    if anatomy.is_a(container, dict):
        return "dict"
    return "set" if anatomy.is_a(container, set) else "list"


def _rooted(question: HoardQuestion, trail: Trail, roots: Roots) -> tuple[Trail, Root]:
    """Return the way from the last owner on it that has a name, and that owner."""
    start = max(
        (number for number, node in enumerate(trail) if anatomy.is_a(node, type)),
        default=0,
    )
    root = roots.find(trail[start])
    if root is None:
        expression = label(trail[start])
        root = Root("component", question.owner, expression, question.origin)
    return _with_tables(trail[start:]), root


def _with_tables(trail: Trail) -> Trail:
    """Return the way with the ``__dict__`` that each attribute is in."""
    nodes = [trail[0]]
    for holder, held in pairwise(trail):
        tables = [table for table in _tables(holder) if _has(table, held)]
        nodes += [*tables[:1], held]
    return tuple(nodes)


def _tables(holder: Any) -> list[dict[Any, Any]]:
    if anatomy.is_a(holder, type):
        return anatomy.tables_of(holder)
    table = anatomy.own_dict(holder)
    return [] if table is None else [table]


def _has(table: dict[Any, Any], held: Any) -> bool:
    return any(value is held for value in dict.values(table))


def _path(group: Group) -> tuple[PathStep, ...]:
    trail = group.lead.trail
    steps = words.path(trail, group.lead.root)
    return steps if not steps[-1].edge else (*steps, PathStep(label(trail[-1]), ""))


def _path_of(cls: type) -> str:
    return f"{anatomy.module(cls)}.{anatomy.qualname(cls)}"


def _slot_bytes(container: Any, entries: int) -> int:
    """Return what the container itself takes for an entry."""
    if type(container) is _lru_cache_wrapper:
        container = contents.table_of_cache(container)
    return cost.size_of(container) // max(entries, 1)


def _example_url(entries: list[Entry]) -> str:
    for entry in entries:
        for part in entry:
            if type(part) is str and part.startswith(("http://", "https://")):
                return redact.url(part)
    return ""
