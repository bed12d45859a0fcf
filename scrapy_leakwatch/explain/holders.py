"""Walks backwards, breadth first, from the suspects to the roots.

The frontier stays small but diverse: it is cut per kind of edge, the types at
both ends and the dictionary key, never at random, so that a crowded holder
does not hide the path past it.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain import callables
from scrapy_leakwatch.explain.edges import GENERATORS
from scrapy_leakwatch.explain.roots import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.explain.referrers import Heap
    from scrapy_leakwatch.explain.roots import Root, Roots

LEVELS = 28
ENOUGH = 8
"""Levels after which no further holder is sought, once each suspect has one."""
WIDEST = 160
SAME_KIND = 48
SAME_KIND_AND_TARGET = 2
SAME_TYPE = 600
SMALL_DICT = 64


class Unseen:
    """Stands for a root that refers to a node unseen by the collector."""

    __slots__ = ()


@dataclass(slots=True)
class Graph:
    """What was seen on the way: nodes by identity, and who holds whom.

    ``cut`` are the nodes whose holders were not all followed.
    """

    nodes: dict[int, Any] = field(default_factory=dict)
    holders: dict[int, list[int]] = field(default_factory=dict)
    roots: dict[int, Root] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)

    def add_link(self, held: int, holder: int) -> None:
        """Note that ``holder`` refers to ``held``."""
        known = self.holders.setdefault(held, [])
        if holder not in known:
            known.append(holder)

    def toward_root(self, rank: int) -> dict[int, int]:
        """Return for each node the next on the shortest way to a root of ``rank``.

        A root points to itself.
        """
        held: dict[int, list[int]] = {}
        for child, holders in self.holders.items():
            for holder in holders:
                held.setdefault(holder, []).append(child)
        steps = {key: key for key, root in self.roots.items() if root.rank == rank}
        queue = deque(steps)
        while queue:
            holder = queue.popleft()
            for child in held.get(holder, ()):
                if child not in steps and child not in self.roots:
                    steps[child] = holder
                    queue.append(child)
        return steps


class Walk:
    """One walk; `run` fills the graph until a deadline, a depth or its end."""

    def __init__(self, heap: Heap, roots: Roots, deadline: float) -> None:
        self.graph = Graph()
        self._heap = heap
        self._roots = roots
        self._deadline = deadline

    def run(self, suspects: list[Any]) -> Graph:
        """Return what holds ``suspects``, level by level."""
        frontier = [obj for obj in suspects if self._enter(obj)]
        for level in range(LEVELS):
            if not frontier or time.monotonic() > self._deadline:
                break
            if level >= ENOUGH and self._all_held(suspects):
                break
            frontier = self._next_level(frontier)
        self.graph.cut.update(id(obj) for obj in frontier)
        return self.graph

    def _all_held(self, suspects: list[Any]) -> bool:
        rooted = self.graph.toward_root(RANKS[0])
        return all(id(suspect) in rooted for suspect in suspects)

    def _enter(self, obj: Any) -> bool:
        """Add ``obj``; tell whether its holders are still to be found."""
        key = id(obj)
        self.graph.nodes[key] = obj
        root = self._roots.find(obj)
        if root is not None:
            self.graph.roots[key] = root
            return False
        unseen = self._roots.holding(obj)
        if unseen is not None:
            stand_in = Unseen()
            self.graph.nodes[id(stand_in)] = stand_in
            self.graph.roots[id(stand_in)] = unseen
            self.graph.add_link(key, id(stand_in))
        above = self._roots.above(obj)
        if above is None:
            return True
        self.graph.add_link(key, id(above))
        if id(above) not in self.graph.nodes:
            self._enter(above)
        return False

    def _next_level(self, frontier: list[Any]) -> list[Any]:
        found = self._thin_out(self._heap.referrers(frontier), frontier)
        links = self._heap.links(found, frontier)
        holds: dict[int, list[int]] = {}
        for target, places in zip(frontier, links, strict=True):
            for place in places:
                holds.setdefault(place, []).append(id(target))
        fresh: list[Any] = []
        for place in self._chosen(found, holds):
            holder = found[place]
            known = id(holder) in self.graph.nodes
            for target in holds[place]:
                self.graph.add_link(target, id(holder))
            if not known and self._enter(holder):
                fresh.append(holder)
        return fresh

    def _thin_out(self, found: list[Any], frontier: list[Any]) -> list[Any]:
        """Keep at most so many of one type, evenly: asking for links costs."""
        by_type: dict[int, list[Any]] = {}
        for holder in found:
            by_type.setdefault(id(type(holder)), []).append(holder)
        kept: list[Any] = []
        for crowd in by_type.values():
            if len(crowd) > SAME_TYPE:
                kept += [obj for obj in crowd if self._roots.find(obj) is not None]
                kept += crowd[:: len(crowd) // SAME_TYPE + 1]
                self.graph.cut.update(id(target) for target in frontier)
            else:
                kept += crowd
        return kept

    def _chosen(self, found: list[Any], holds: dict[int, list[int]]) -> Iterable[int]:
        """Yield the places to follow: all roots and known nodes, some of each kind."""
        kinds: Counter[Any] = Counter()
        per_target: Counter[Any] = Counter()
        taken = 0
        for place in sorted(holds, key=lambda place: len(holds[place]), reverse=True):
            holder = found[place]
            if id(holder) in self.graph.nodes or self._roots.find(holder) is not None:
                yield place
                continue
            target = holds[place][0]
            kind = _kind(holder, self.graph.nodes[target])
            if (
                taken < WIDEST
                and kinds[kind] < SAME_KIND
                and per_target[kind, target] < SAME_KIND_AND_TARGET
            ):
                kinds[kind] += 1
                per_target[kind, target] += 1
                taken += 1
                yield place
            else:
                self.graph.cut.update(holds[place])


def _kind(holder: Any, held: Any) -> tuple[int, int, Any]:
    """Return the kind of the edge: both types, and the key or code behind it."""
    detail: Any = ""
    if type(holder) is dict and dict.__len__(holder) <= SMALL_DICT:
        for name, value in dict.items(holder):
            if value is held and type(name) is str:
                detail = name
                break
    elif type(holder) is FunctionType:
        detail = id(holder.__code__)
    elif type(holder) is FrameType:
        detail = id(holder.f_code)
    elif id(type(holder)) in GENERATORS:
        detail = id(callables.code_of_generator(holder))
    return id(type(holder)), id(type(held)), detail
