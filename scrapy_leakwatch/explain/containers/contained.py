"""Looks at what hangs on an object: its bytes, parsed trees and Scrapy's classes."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.explain.containers.taken import Fields
    from scrapy_leakwatch.heap.walk import Heap

MOST_NODES = 5_000


@dataclass(frozen=True, slots=True)
class Contained:
    """What one object keeps alive: ``bytes``, of them ``trees`` in parsed documents.

    ``own`` are its own bytes. ``tracked`` are the other classes of which instances
    hang on it and that `scrapy.utils.trackref` counts, ``taken`` what it or its parts
    are, as fields of `ResourceCounts`. Of objects of its own class
    nothing is counted. ``beside`` are the bytes, not among the others, that tables
    have for it and for those instances as long as they live (`beside`).
    """

    bytes: int
    own: int
    trees: int
    tracked: frozenset[str]
    taken: frozenset[str]
    beside: int


def contained(heap: Heap, index: int, fields: Fields | None = None) -> Contained:
    """Return what an object keeps alive, by the first `MOST_NODES` of its parts.

    ``taken`` is empty without ``fields``.
    """
    graph = heap.graph
    kin = type(graph.object(index))
    whole, trees = graph.bytes(index), 0
    tracked: set[str] = set()
    taken: set[str] = set()
    tables = 0
    queue = [index]
    for number in queue:
        spans = list(heap.children(number))
        obj = graph.object(number)
        if sizes.rule(type(obj))[0] == sizes.TREE:
            trees += graph.bytes(number) - _held_by(heap, spans)
        if fields is not None:
            taken |= fields.of(obj)
        if anatomy.is_a(obj, object_ref):
            tables += beside(heap, obj)
            if number != index:
                tracked.add(anatomy.name(type(obj)))
        room = max(MOST_NODES - len(queue), 0)
        for child in islice(chain.from_iterable(range(*each) for each in spans), room):
            if type(graph.object(child)) is kin:
                whole -= graph.bytes(child)
            else:
                queue.append(child)
    own = graph.bytes(index) - _held_by(heap, heap.children(index))
    return Contained(
        bytes=max(whole, 0),
        own=own,
        trees=max(trees, 0),
        tracked=frozenset(tracked),
        taken=frozenset(taken),
        beside=tables,
    )


def beside(heap: Heap, obj: Any) -> int:
    """Return the bytes of the entries that tables have for ``obj`` while it lives.

    Those refer to it weakly, such as Scrapy's of fingerprints, of parsed URLs and of
    live objects. Of each it is that of an average entry.
    """
    graph = heap.graph
    found = {
        graph.parent(place)
        for place in map(graph.find, weakref.getweakrefs(obj))
        if place >= 0
    }
    return sum(
        graph.bytes(table) // max(anatomy.size(graph.object(table)), 1)
        for table in found
        if table >= 0 and anatomy.is_a(graph.object(table), dict, set)
    )


def _held_by(heap: Heap, spans: Iterable[tuple[int, int]]) -> int:
    return sum(heap.graph.totals(*span)[0] for span in spans)
