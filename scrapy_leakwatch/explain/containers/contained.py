"""Looks at what hangs on an object: its bytes, parsed trees and Scrapy's classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.heap.walk import Heap

MOST_NODES = 5_000


@dataclass(frozen=True, slots=True)
class Contained:
    """What one object keeps alive: ``bytes``, of them ``trees`` in parsed documents.

    ``own`` are its own bytes. ``tracked`` are the other classes of which instances
    hang on it and that `scrapy.utils.trackref` counts. Of objects of its own class
    nothing is counted.
    """

    bytes: int
    own: int
    trees: int
    tracked: frozenset[str]


def contained(heap: Heap, index: int) -> Contained:
    """Return what an object keeps alive, by the first `MOST_NODES` of its parts."""
    graph = heap.graph
    kin = type(graph.object(index))
    whole, trees = graph.bytes(index), 0
    tracked: set[str] = set()
    queue = [index]
    for number in queue:
        spans = list(heap.children(number))
        obj = graph.object(number)
        if sizes.rule(type(obj))[0] == sizes.TREE:
            trees += graph.bytes(number) - _held_by(heap, spans)
        if number != index and anatomy.is_a(obj, object_ref):
            tracked.add(anatomy.name(type(obj)))
        room = max(MOST_NODES - len(queue), 0)
        for child in islice(chain.from_iterable(range(*each) for each in spans), room):
            if type(graph.object(child)) is kin:
                whole -= graph.bytes(child)
            else:
                queue.append(child)
    own = graph.bytes(index) - _held_by(heap, heap.children(index))
    return Contained(max(whole, 0), own, max(trees, 0), frozenset(tracked))


def _held_by(heap: Heap, spans: Iterable[tuple[int, int]]) -> int:
    return sum(heap.graph.totals(*span)[0] for span in spans)
