"""Groups instances by how they are held, in Python, as `_graph.c` does in C."""

from __future__ import annotations

from bisect import bisect_left
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import measures

if TYPE_CHECKING:
    from collections.abc import Hashable

    from scrapy_leakwatch.heap.twin import Graph

DEEPEST = 48
FEW_KEYS = 64
BEYOND = 8
NONE = -1

_CODE: dict[int, str] = {
    id(FunctionType): "__code__",
    id(GeneratorType): "gi_code",
    id(CoroutineType): "cr_code",
    id(AsyncGeneratorType): "ag_code",
}

Row = tuple[int, int, int, list[int]]
Way = tuple["Hashable", int]
"""The key of what is above an object, and the instance that it is a part of."""


class Clusters:
    """The instances among the objects of a graph, by the way up from them."""

    def __init__(self, graph: Graph, stop: type, found: list[int]) -> None:
        self._graph = graph
        self._stop = stop
        self._found = found
        self._among = frozenset(found)

    def rows(self, most: int) -> list[Row]:
        """Return for each cluster the number, those nested, bytes, and examples."""
        units = [self._graph.units(index) for index in self._found]
        clusters: dict[Hashable, list[int]] = {}
        nested: dict[Hashable, int] = {}
        for place, index in enumerate(self._found):
            key, above = self._way(index)
            clusters.setdefault(key, []).append(place)
            if above != NONE:
                nested[key] = nested.get(key, 0) + 1
                outer = bisect_left(self._found, above)
                units[outer] -= self._graph.units(index)
        return [
            (
                len(places),
                nested.get(key, 0),
                sum(max(units[place], 0) for place in places) * measures.UNIT,
                [self._found[place] for place in _spread(places, most)],
            )
            for key, places in clusters.items()
        ]

    def _way(self, index: int) -> Way:
        graph = self._graph
        parts: list[Hashable] = []
        held = graph.object(index)
        parent = graph.parent(index)
        if parent == NONE:
            return _own_part(held, is_entry=True), NONE
        for _ in range(DEEPEST):
            holder = graph.object(parent)
            parts.append(_key_of(holder, held))
            if parent in self._among:
                return (*parts, id(type(holder)), "instance"), parent
            if anatomy.is_a(holder, self._stop):
                return (*parts, id(type(holder)), "stop"), self._beyond(parent)
            above = graph.parent(parent)
            parts.append(_own_part(holder, is_entry=above == NONE))
            if above == NONE:
                return tuple(parts), NONE
            held, parent = holder, above
        return "deep", NONE

    def _beyond(self, index: int) -> int:
        for _ in range(BEYOND):
            index = self._graph.parent(index)
            if index == NONE or index in self._among:
                return index
        return NONE


def _own_part(obj: Any, *, is_entry: bool) -> Hashable:
    code = _CODE.get(id(type(obj)))
    single = is_entry and (anatomy.is_a(obj, type, ModuleType, dict))
    return (
        id(type(obj)),
        id(getattr(obj, code)) if code else 0,
        id(obj) if single else 0,
    )


def _key_of(holder: Any, held: Any) -> str:
    if not anatomy.is_a(holder, dict) or dict.__len__(holder) > FEW_KEYS:
        return ""
    for key, value in dict.items(holder):
        if value is held:
            return key if type(key) is str and key.isidentifier() else ""
    return ""


def _spread(places: list[int], most: int) -> list[int]:
    wanted = min(len(places), most)
    return [places[number * len(places) // wanted] for number in range(wanted)]
