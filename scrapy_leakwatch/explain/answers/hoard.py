"""Explains a container that grows: its line, contents, price and remedy."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, replace
from functools import _lru_cache_wrapper
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.explain import things
from scrapy_leakwatch.explain.answers import findings
from scrapy_leakwatch.explain.answers.statement import is_emptied
from scrapy_leakwatch.explain.code import blame
from scrapy_leakwatch.explain.code.evictions import drops_its_own
from scrapy_leakwatch.explain.containers import bounds, contents, remedies
from scrapy_leakwatch.explain.containers.contained import Contained, contained
from scrapy_leakwatch.explain.containers.taken import Fields
from scrapy_leakwatch.explain.known import known_leak
from scrapy_leakwatch.explain.naming import words
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.naming.reference_path import PathStart, start_at
from scrapy_leakwatch.explain.records import Explanation, PathStep, Unexplained
from scrapy_leakwatch.explain.things import tables
from scrapy_leakwatch.explain.uses import use_of
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.records import Counts, Price

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.answers.suspects import Evidence
    from scrapy_leakwatch.explain.containers.contents import Entry
    from scrapy_leakwatch.explain.records import HoardQuestion
    from scrapy_leakwatch.heap.walk import Heap
    from scrapy_leakwatch.records import Trait

Trail = tuple[Any, ...]


def investigate_hoard(
    question: HoardQuestion, trail: Trail | None, evidence: Evidence, timeout_s: float
) -> Explanation | Unexplained:
    """Return what is in the container at the end of ``trail``, and who adds to it."""
    entries = contents.pick(trail[-1]) if trail else []
    if trail is None or not entries:
        return Unexplained(
            question.name,
            question.type,
            question.spider,
            "it is empty by now",
            gone=True,
        )
    price = _priced(evidence.heap(timeout_s, alive=0), trail[-1], entries, question.len)
    group = findings.of_container(*_rooted(question, trail))
    return _state(question, group, evidence.crawler, entries, price)


@dataclass(frozen=True, slots=True)
class _Price:
    """Bytes of an entry, of them in parsed documents, and of the whole container.

    ``victims`` are the classes that `scrapy.utils.trackref` counts and that most
    entries hold, ``takes`` the fields of `ResourceCounts` that count what most keep.
    """

    each: int
    trees: int
    whole: int
    victims: tuple[str, ...]
    takes: tuple[str, ...]


def _priced(heap: Heap, container: Any, entries: list[Entry], length: int) -> _Price:
    """Return the price of a container; what many entries share counts once."""
    index = heap.graph.find(container)
    if index < 0:
        return _Price(0, 0, 0, (), ())
    whole = contained(heap, index)
    slot = whole.own // max(length, 1)
    table = index
    if type(container) is _lru_cache_wrapper:  # it has its entries in a table
        table = heap.graph.find(contents.table_of_cache(container))
        slot = contained(heap, table).own // max(length, 1) if table >= 0 else slot
    fields = Fields()
    weighed = [_weighed(heap, entry, {index, table}, fields) for entry in entries]
    both = list(zip(entries, weighed, strict=True))
    return _Price(
        each=slot + _middle(sum(part.bytes for part in parts) for parts in weighed),
        trees=_middle(sum(part.trees for part in parts) for parts in weighed),
        whole=heap.graph.bytes(index),
        victims=_most(_tracked(*each) for each in both),
        takes=_most(_taken(*each, fields) for each in both),
    )


def _most(sets: Iterable[set[str]]) -> tuple[str, ...]:
    """Return the names that are in most of the sets."""
    each = list(sets)
    times = Counter(name for names in each for name in names)
    return tuple(sorted(name for name in times if 2 * times[name] > len(each)))


def _weighed(
    heap: Heap, entry: Entry, above: set[int], fields: Fields
) -> list[Contained]:
    """Return what the parts of an entry keep alive, of those that it has alone."""
    indexes = [(part, heap.graph.find(part)) for part in entry]
    return [
        contained(heap, index, fields)
        for part, index in indexes
        # A class is its module's, but this keeps it.
        if index >= 0
        and (contents.is_made_class(part) or _is_below(heap, index, above))
    ]


def _is_below(heap: Heap, index: int, above: set[int]) -> bool:
    for _ in range(_STEPS):
        index = heap.graph.parent(index)
        if index < 0 or index in above:
            return index in above
    return False


_STEPS = 3
"""From a container to its entries: a cache has them in links."""


def _middle(values: Iterable[int]) -> int:
    return round(statistics.median(values))


def _tracked(entry: Entry, parts: list[Contained]) -> set[str]:
    own = {anatomy.name(type(one)) for one in entry if anatomy.is_a(one, object_ref)}
    return own.union(*(part.tracked for part in parts))


def _taken(entry: Entry, parts: list[Contained], fields: Fields) -> set[str]:
    """Return what an entry is or has; the loop may have a task or a timer first."""
    return set().union(*map(fields.of, entry), *(part.taken for part in parts))


def _state(
    question: HoardQuestion,
    group: Group,
    crawler: Any,
    entries: list[Entry],
    price: _Price,
) -> Explanation:
    container, start = group.lead.trail[-1], group.lead.root
    ours = question.origin == "project"
    use = use_of(group.lead, crawler) if ours else None
    line = use.line if use else None
    if line is None and ours:
        line = blame.added_there(group.lead, crawler)
    inside = contents.in_words(entries)
    alike = question.total / max(question.len, 1)
    return Explanation(
        subject=question.name,
        class_path=redact.text(anatomy.path(type(container))),
        spider=question.spider,
        holder=question.name,
        owner=question.owner,
        origin=question.origin,
        path=_path(group),
        expression=group.expression,
        location=line.location if line else None,
        code=line.code if line else None,
        fix=use.fix
        if use
        else remedies.remedy(_hoard(question, group, entries, crawler, price.each)),
        signature=group.signature(question.spider),
        owner_kind=start.owner_kind if start else "unknown",
        likely=line.likely if line else False,
        traits=tuple(_traits(group, crawler, ours=ours)),
        counts=Counts(len(entries), len(entries)),
        price=Price(price.each, round(price.whole * alike), price.trees),
        contents=inside,
        victims=price.victims,
        takes=price.takes,
        example_url=_example_url(entries),
        known=known_leak(group.lead.trail),
    )


def _traits(group: Group, crawler: Any, *, ours: bool) -> Iterator[Trait]:
    trail = group.lead.trail
    if bounds.is_within(_behind(trail)):
        yield "bounded"
    if drops_its_own(trail[-1]) or (ours and is_emptied(group.lead, crawler)):
        yield "emptied"


def _behind(trail: Trail) -> Trail:
    """Return the way without its owner, who has other limits as well."""
    return trail[1:] or trail


def _hoard(
    question: HoardQuestion,
    group: Group,
    entries: list[Entry],
    crawler: Any,
    each: int,
) -> remedies.Hoard:
    keys, _, values = contents.in_words(entries).rpartition(" → ")
    sent = blame.sent_at_end_there(group.lead, crawler)
    root, form = group.lead.root, contents.form_of(group.lead.trail[-1])
    return remedies.Hoard(
        name=question.name,
        kind=form,
        owner=question.owner,
        origin=question.origin,
        values=values,
        keys=keys,
        owner_kind=root.kind if root is not None else "component",
        table=tables.remedy(group.lead.trail),
        thing=things.remedy(entries, question.name, form),
        rows=contents.are_rows(entries),
        yields=remedies.yields(group.lead.trail[0]),
        sent=sent.code if sent else "",
        each=each,
    )


def _rooted(question: HoardQuestion, trail: Trail) -> tuple[Trail, PathStart]:
    """Return the way from the last owner on it that has a name, and that owner."""
    start = max(
        (number for number, node in enumerate(trail) if anatomy.is_a(node, type)),
        default=0,
    )
    found = start_at(trail[start])
    if not found.is_namespace:
        found = replace(found, owner=question.owner)
    return _with_tables(trail[start:]), found


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


def _example_url(entries: list[Entry]) -> str:
    for entry in entries:
        for part in entry:
            if type(part) is str and part.startswith(("http://", "https://")):
                return redact.url(part)
    return ""
