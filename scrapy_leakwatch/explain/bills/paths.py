"""Finds the places below an owner where memory has come together.

From an owner's objects down to the largest of what each holds, until no part is
large by itself: Eclipse MAT calls that the accumulation point. Each byte is on
one path at most.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from typing import TYPE_CHECKING, Any

from scrapy.http import Response
from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.explain.bills.carried import carried
from scrapy_leakwatch.explain.bills.steps import (
    Step,
    following,
    is_container,
    is_crowd,
    is_request,
    shortened,
)
from scrapy_leakwatch.explain.containers.bounds import bound_of
from scrapy_leakwatch.explain.naming.edges import GENERATORS
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap import opaque

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.heap.walk import Heap, Owner

DEEPEST = 60
MOST_PLACES = 400
"""Of one owner that are looked at."""
FEW = 16
"""Entries up to which a container is a structure whose parts have meanings."""
HALF = 0.5
PAGE = 2
"""Objects on the way to a page from the function that has it."""
MOST_NODES = 20_000
"""Of a chain that are counted one by one; of a longer one it is reckoned."""


@dataclass(slots=True)
class Place:
    """Where memory has come together: live objects, for use inside the child only.

    ``way`` are the objects from the owner's to the one that holds the ``bytes``,
    ``names`` the attributes, variables and keys between them. ``chain``: it is a
    row of nodes, or a tree.
    """

    path: str
    way: tuple[Any, ...]
    names: tuple[Edge, ...]
    bytes: int
    type: str
    count: int
    length: int | None = None
    bound: int | None = None
    tracked: bool = False
    chain: bool = False

    @property
    def holder(self) -> Any:
        """The object that holds it."""
        return self.way[-1]

    @property
    def worked_on(self) -> bool:
        """Tell whether it is part of a page that a running function has a name for."""
        if len(self.way) < PAGE or id(type(self.way[0])) not in GENERATORS:
            return False
        return anatomy.is_a(self.way[1], Response)


def places_of(heap: Heap, owner: Owner, least: int) -> list[Place]:
    """Return the places of ``owner`` with ``least`` bytes, the largest first."""
    return _Descent(heap, least, owner.root.kind == "scheduler").from_owner(owner)


@dataclass(slots=True)
class _Descent:
    """``of_queue``: the owner has requests that wait."""

    heap: Heap
    least: int
    of_queue: bool
    found: dict[str, Place] = field(default_factory=dict)
    looked_at: int = 0

    def from_owner(self, owner: Owner) -> list[Place]:
        for index in self.heap.starts(owner, self.least):
            obj = self.heap.graph.object(index)
            self._go(Step(index, (obj,), (), self.heap.start(index, owner).label))
        return sorted(self.found.values(), key=lambda place: -place.bytes)

    def _go(self, first: Step) -> None:
        stack = [first]
        while stack:
            step = stack.pop()
            self.looked_at += 1
            ranges = list(self.heap.children(step.index))
            heavy = self._worth_a_look(step, ranges)
            rest = self.heap.graph.bytes(step.index)
            if len(step.way) >= DEEPEST or self.looked_at >= MOST_PLACES:
                heavy = []
            for child in heavy:
                below = following(self.heap, step, child)
                rest -= self.heap.graph.bytes(child)
                if below.chain:
                    self._add_chain(below)
                else:
                    stack.append(below)
            if self.of_queue and rest >= self.least:
                rest -= self._add_carried(step, rest, ranges)
            if rest >= self.least:
                kind = self._most(step, ranges, set(heavy))
                self._add(step, step.text, rest, kind)

    def _worth_a_look(self, step: Step, ranges: list[tuple[int, int]]) -> list[int]:
        graph = self.heap.graph
        least = self.least
        held = sum(end - begin for begin, end in ranges)
        if held > FEW and is_crowd(step.way):
            least = max(least, int(HALF * graph.bytes(step.index)))
        heavy = [child for span in ranges for child in graph.heavy(*span, least)]
        if self.of_queue:  # all of them are looked into at once
            return [each for each in heavy if not is_request(graph.object(each))]
        return heavy

    def _add_chain(self, step: Step) -> None:
        node = step.way[-1]
        size = self.heap.graph.bytes(step.index)
        count = self._nodes(step.index, id(type(node)))
        tracked = anatomy.is_a(node, object_ref)
        self._add(step, step.chain, size, (_name(node), count, tracked), chain=True)

    def _nodes(self, first: int, kind: int) -> int:
        """Return how many of a type a chain has below ``first``, with it."""
        graph, pending = self.heap.graph, deque([first])
        count = seen = 0
        left = graph.bytes(first)
        while pending and seen < MOST_NODES:
            index = pending.popleft()
            seen += 1
            count += id(type(graph.object(index))) == kind
            held = [
                child for span in self.heap.children(index) for child in range(*span)
            ]
            left -= graph.bytes(index) - sum(map(graph.bytes, held))
            pending.extend(held)
        whole = graph.bytes(first)
        return count if not pending else count * whole // max(whole - left, 1)

    def _add_carried(self, step: Step, size: int, ranges: list[tuple[int, int]]) -> int:
        """Add what requests carry if that is most of them, and return its size."""
        found = carried(self.heap, step, ranges)
        if found is None:
            return 0
        holder = found.step.way[-1]
        kind, tracked = label(holder), anatomy.is_a(holder, object_ref)
        if not tracked:
            own = list(self.heap.children(found.step.index))
            kind, _, tracked = self._most(found.step, own, set())
        part = int(found.share * size)
        self._add(found.step, found.step.text, part, (kind, found.count, tracked))
        self.found[shortened(found.step.text)].length = None  # each has one of its own
        return part

    def _add(
        self,
        step: Step,
        text: str,
        size: int,
        most: tuple[str, int, bool],
        *,
        chain: bool = False,
    ) -> None:
        path, holder = shortened(text), step.way[-1]
        kind, count, tracked = most
        known = self.found.get(path)
        if known is not None:
            if size > known.bytes:
                known.way, known.names, known.type = step.way, step.names, kind
            known.bytes += size
            known.count += count
            if known.length is not None:
                known.length += anatomy.size(holder)
            return
        self.found[path] = Place(
            path=path,
            way=step.way,
            names=step.names,
            bytes=size,
            type=kind,
            count=count,
            length=_length(holder),
            bound=bound_of(step.way),
            tracked=tracked,
            chain=chain,
        )

    def _most(
        self, step: Step, ranges: list[tuple[int, int]], besides: set[int]
    ) -> tuple[str, int, bool]:
        """Return the type that most of the bytes are in, how many, and if tracked."""
        if (parts := opaque.parts_of(step.way[-1])) is not None:
            return *parts, False
        own = label(step.way[-1])
        sums: dict[int, list[Any]] = {}
        total = 0
        for begin, end in ranges:
            for cls, count, size in self.heap.graph.types(begin, end):
                row = sums.setdefault(id(cls), [cls, 0, 0])
                row[1] += count
                row[2] += size
                total += size
        for child in besides:
            row = sums[id(type(self.heap.graph.object(child)))]
            row[1] -= 1
            row[2] -= self.heap.graph.bytes(child)
        if not sums:
            return own, 1, anatomy.is_a(step.way[-1], object_ref)
        cls, count, size = max(sums.values(), key=lambda row: row[2])
        alone = self.heap.graph.bytes(step.index) - total
        if alone > size or count < 1:
            return own, 1, anatomy.is_a(step.way[-1], object_ref)
        if anatomy.is_a(step.way[-1], dict):  # keys and values may be alike
            count = min(count, anatomy.size(step.way[-1]))
        tracked = anatomy.derives(cls, object_ref)
        return redact.text(anatomy.name(cls), 60), count, tracked


def _length(obj: Any) -> int | None:
    if type(obj) is _lru_cache_wrapper:
        return _lru_cache_wrapper.cache_info(obj).currsize
    return anatomy.size(obj) if is_container(obj) else None


def _name(obj: Any) -> str:
    return redact.text(anatomy.name(type(obj)), 60)
