"""Finds the places below an owner where memory has come together.

From an owner's objects down to the largest of what each holds, until no part is
large by itself: Eclipse MAT calls that the accumulation point. Each byte is on
one path at most.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from types import FrameType
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.explain.bounds import bound_of
from scrapy_leakwatch.explain.edges import Edge, edge, public
from scrapy_leakwatch.explain.labels import label

if TYPE_CHECKING:
    from scrapy_leakwatch.heap.walk import Heap, Owner

DEEPEST = 60
MOST_PLACES = 400
"""Of one owner that are looked at."""
FEW = 16
"""Entries up to which a container is a structure whose parts have meanings."""
HALF = 0.5
REPEATED = 3
"""Steps of the same kind that make a chain, or a tree, of nodes."""
INSIDE = " › "

_CONTAINERS = (list, tuple, set, frozenset, deque, dict)


@dataclass(slots=True)
class Place:
    """Where memory has come together: live objects, for use inside the child only.

    ``way`` are the objects from the owner's to the one that holds the ``bytes``,
    ``names`` the attributes, variables and keys between them.
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

    @property
    def holder(self) -> Any:
        """The object that holds it."""
        return self.way[-1]


@dataclass(slots=True)
class _Step:
    """Where the way down has come to."""

    index: int
    way: tuple[Any, ...]
    names: tuple[Edge, ...]
    text: str
    inside: bool = False
    """Whether the path has come into an object of a library."""
    texts: tuple[str, ...] = ()
    kinds: tuple[tuple[int, str], ...] = ()
    """Of each step down: the path above it, and the type below with its edge."""
    chain: str = ""


def places_of(heap: Heap, owner: Owner, least: int) -> list[Place]:
    """Return the places of ``owner`` with ``least`` bytes, the largest first."""
    return _Descent(heap, least).from_owner(owner)


@dataclass(slots=True)
class _Descent:
    heap: Heap
    least: int
    found: dict[str, Place] = field(default_factory=dict)
    looked_at: int = 0

    def from_owner(self, owner: Owner) -> list[Place]:
        for index, text in owner.labels.items():
            if self.heap.graph.bytes(index) >= self.least:
                obj = self.heap.graph.object(index)
                self._go(_Step(index, (obj,), (), text))
        return sorted(self.found.values(), key=lambda place: -place.bytes)

    def _go(self, first: _Step) -> None:
        stack = [first]
        while stack:
            step = stack.pop()
            self.looked_at += 1
            ranges = list(self.heap.children(step.index))
            heavy = self._worth_a_look(step, ranges)
            rest = self.heap.graph.bytes(step.index)
            if len(step.way) < DEEPEST and self.looked_at < MOST_PLACES:
                for child in heavy:
                    following = self._following(step, child)
                    rest -= self.heap.graph.bytes(child)
                    if following.chain:
                        self._add(following, self.heap.graph.bytes(child), [])
                    else:
                        stack.append(following)
            else:
                heavy = []
            if rest >= self.least:
                self._add(step, rest, ranges, set(heavy))

    def _worth_a_look(self, step: _Step, ranges: list[tuple[int, int]]) -> list[int]:
        graph = self.heap.graph
        least = self.least
        held = sum(end - begin for begin, end in ranges)
        if held > FEW and _is_crowd(step.way):
            least = max(least, int(HALF * graph.bytes(step.index)))
        return [child for span in ranges for child in graph.heavy(*span, least)]

    def _following(self, step: _Step, child: int) -> _Step:
        holder, held = step.way[-1], self.heap.graph.object(child)
        name = self._edge(step.way, held)
        text, inside = _written(step, name)
        kind = (id(type(held)), name.kind + name.name)
        return _Step(
            index=child,
            way=(*step.way, held),
            names=(*step.names, name),
            text=text,
            inside=inside or (step.inside and not text.endswith("]")),
            texts=(*step.texts, step.text),
            kinds=(*step.kinds, kind),
            chain=_first_of_chain(step, kind, holder),
        )

    def _edge(self, way: tuple[Any, ...], held: Any) -> Edge:
        holder = way[-1]
        found = edge(holder, held)
        named = found.kind == "key" and found.name.startswith("'")
        if named and len(way) > 1 and anatomy.own_dict(way[-2]) is holder:
            return public(way[-2], found.name.strip("'"))
        if named and _is_namespace(way):
            return Edge("attribute", redact.text(found.name.strip("'"), 60))
        return found

    def _add(
        self,
        step: _Step,
        size: int,
        ranges: list[tuple[int, int]],
        besides: set[int] | None = None,
    ) -> None:
        path = _shortened(step.chain or step.text)
        kind, count, tracked = self._most(step, ranges, besides or set())
        holder = step.way[-1]
        known = self.found.get(path)
        if known is not None:
            if size > known.bytes:
                known.way, known.names, known.type = step.way, step.names, kind
            known.bytes += size
            known.count += count
            if known.length is not None:
                known.length += anatomy.size(holder)
            return
        length = _length(holder)
        self.found[path] = Place(
            path=path,
            way=step.way,
            names=step.names,
            bytes=size,
            type=kind,
            count=count,
            length=length,
            bound=bound_of(step.way),
            tracked=tracked,
        )

    def _most(
        self, step: _Step, ranges: list[tuple[int, int]], besides: set[int]
    ) -> tuple[str, int, bool]:
        """Return the type that most of the bytes are in, how many, and if tracked."""
        own = label(step.way[-1]) if not step.chain else _name(step.way[-1])
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
        tracked = any(base is object_ref for base in anatomy.mro(cls))
        return redact.text(anatomy.name(cls), 60), count, tracked


def _written(step: _Step, name: Edge) -> tuple[str, bool]:
    """Return the path with one step more, and whether it came into a library."""
    holder = step.way[-1]
    if name.kind == "attribute":
        begins = not step.inside and _is_of_library(step)
        return f"{step.text}{INSIDE if begins else '.'}{name.name}", begins
    if name.kind == "local":
        return f"{step.text}{INSIDE}{name.name}", False
    if name.kind in {"key", "index"} and not step.text.endswith("[*]"):
        return f"{step.text}[*]", False
    if name.kind == "part" and name.name == "cell_contents":
        return step.text, False
    if name.kind == "part" and type(holder) is not FrameType:
        return f"{step.text}.{name.name}", False
    return step.text, False


def _is_of_library(step: _Step) -> bool:
    """Tell whether an attribute is one of an object that a library made.

    What the owner itself begins with is known by name.
    """
    owner = step.way[-1]
    if len(step.way) > 1 and anatomy.own_dict(step.way[-2]) is owner:
        owner = step.way[-2]
        first = len(step.way) == 2  # noqa: PLR2004, the root and its __dict__
    else:
        first = len(step.way) == 1
    if first or anatomy.is_a(owner, type):
        return False
    return places.origin_of_class(type(owner)) == "library" and not _is_container(owner)


def _first_of_chain(step: _Step, kind: tuple[int, str], holder: Any) -> str:
    """Return the path to the first of a row of alike nodes, empty if there is none."""
    if kind[1].startswith(("inside", "part")):
        return ""
    of_entry = _is_crowd((*step.way[:-1], holder))
    alike = [
        number
        for number, each in enumerate(step.kinds)
        if each == kind or (of_entry and each[0] == kind[0])
    ]
    if len(alike) < REPEATED:
        return ""
    # By an entry of a container the first is below it, by an attribute above it.
    first = alike[0] + (of_entry and step.kinds[alike[0]][1].startswith("attribute"))
    return (*step.texts, step.text)[first]


def _is_crowd(way: tuple[Any, ...]) -> bool:
    return _is_container(way[-1]) and not _is_namespace(way)


def _is_namespace(way: tuple[Any, ...]) -> bool:
    """Tell whether the last is a dict of attributes, or a module's globals."""
    last = way[-1]
    if not anatomy.is_a(last, dict):
        return False
    if len(way) > 1:
        above = way[-2]
        if anatomy.own_dict(above) is last:
            return True
        return anatomy.is_a(above, type) and any(
            last is table for table in anatomy.tables_of(above)
        )
    return type(dict.get(last, "__name__")) is str


def _is_container(obj: Any) -> bool:
    return anatomy.is_a(obj, *_CONTAINERS)


def _shortened(path: str) -> str:
    """Return the path of a container for that of its entries."""
    while path.endswith("[*]"):
        path = path[:-3]
    return redact.text(path, 160)


def _length(obj: Any) -> int | None:
    if type(obj) is _lru_cache_wrapper:
        return _lru_cache_wrapper.cache_info(obj).currsize
    return anatomy.size(obj) if _is_container(obj) else None


def _name(obj: Any) -> str:
    return redact.text(anatomy.name(type(obj)), 60)
