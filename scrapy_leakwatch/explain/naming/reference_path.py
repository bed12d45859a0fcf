"""Reads the reference path of an object off the heap: from a root down to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from scrapy import Spider

from scrapy_leakwatch.foundation import anatomy, places

if TYPE_CHECKING:
    from scrapy_leakwatch.heap.roots import Start
    from scrapy_leakwatch.heap.walk import Heap, Owner
    from scrapy_leakwatch.records import Origin, OwnerKind

DEEPEST = 64
"""Objects of a path that are looked at; of a longer one, these and its root."""
MOST_OWNERS = 8
"""Suspended functions on one path, each of which is held by something."""

StartKind = Literal[
    "component",
    "global",
    "class",
    "queue",
    "engine",
    "frame",
    "logging",
    "receivers",
    "atexit",
]


class Unseen:
    """Stands for a variable: the collector shows nobody who refers to its value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PathStart:
    """Where a path begins, by the name that a person has for it.

    ``expression`` is that in source text, ``scope`` tells equal names apart.
    ``passing``: what it holds itself is on its way through the crawl. A ``foreign``
    one is of another crawl of the process.
    """

    kind: StartKind
    owner: str
    expression: str
    origin: Origin
    scope: str = ""
    passing: bool = False
    foreign: bool = False
    owner_kind: OwnerKind = "component"

    @property
    def is_namespace(self) -> bool:
        """Tell whether it is a module or a class."""
        return self.kind in {"class", "global"}


@dataclass(frozen=True, slots=True)
class ReferencePath:
    """Live objects from a root to one that it holds, for use in the child only.

    ``start`` is None where the path ends before a root. ``cut``: it is longer, and
    its middle is left out behind the first.
    """

    nodes: tuple[Any, ...]
    start: PathStart | None
    cut: bool = False


def path_to(heap: Heap, index: int) -> ReferencePath:
    """Return the path to an object that some root reaches."""
    graph = heap.graph
    indexes = [index]
    for _ in range(DEEPEST):
        above = heap.above(indexes[-1])
        if above < 0 or not _goes_on(heap, indexes[-1]):
            break
        indexes.append(above)
    first = indexes[-1]
    for _ in range(MOST_OWNERS):
        first = graph.top(first)
        if heap.above(first) < 0 or not _goes_on(heap, first):
            break
        first = heap.above(first)
    cut = first != indexes[-1]
    if cut:
        indexes.append(first)
    nodes = tuple(graph.object(each) for each in reversed(indexes))
    owner = heap.owner_at(first)
    if owner is None:
        return ReferencePath(nodes, None, cut)
    found = heap.start(first, owner)
    if found.value:
        nodes = (Unseen(), *nodes)
    return ReferencePath(nodes, _start(found, owner), cut)


def _goes_on(heap: Heap, index: int) -> bool:
    """Tell whether a path goes on above: a class that a person knows is its start."""
    obj = heap.graph.object(index)
    return not anatomy.is_a(obj, type) or _is_made_for_a_call(obj)


def _is_made_for_a_call(cls: type) -> bool:
    """Tell whether it is such as Twisted's for a connection, which no module keeps."""
    local = "<locals>" in anatomy.qualname(cls)
    return local and places.origin_of_class(cls) == "library"


def _start(start: Start, owner: Owner) -> PathStart:
    root = owner.root
    known = start_at(start.obj)
    if known.is_namespace and not start.value:
        return replace(known, foreign=root.kind == "crawl")
    kind: StartKind = start.lent or "component"
    if start.value and root.kind == "function":
        kind = "frame"
    elif root.kind == "scheduler":
        kind = "queue"
    elif start.passing:
        kind = "engine"
    elif start.value:
        kind = "global"
    return PathStart(
        kind=kind,
        owner=start.owner or root.name,
        expression=start.expression or start.label,
        origin=root.origin,
        scope=known.scope if root.kind in {"spider", "component", "crawl"} else "",
        passing=start.passing,
        foreign=root.kind == "crawl",
        owner_kind=root.kind,
    )


def start_at(obj: Any) -> PathStart:
    """Return the start of a path at a class, a module, its globals, or a component."""
    if anatomy.is_a(obj, type):
        name = anatomy.qualname(obj)
        scope = anatomy.path(obj)
        origin = places.origin_of_class(obj)
        return PathStart(
            "class", f"class {name}", name, origin, scope, owner_kind="code"
        )
    module = module_of(obj)
    if module is not None:
        origin = places.origin_of_module(module)
        return PathStart(
            "global", f"module {module}", module, origin, owner_kind="module"
        )
    cls = type(obj)
    scope = anatomy.path(cls)
    name = "spider" if anatomy.is_a(obj, Spider) else anatomy.name(cls)
    return PathStart("component", name, name, places.origin_of_class(cls), scope)


def module_of(obj: Any) -> str | None:
    """Return the name of an imported module, by itself or by its globals."""
    is_module = anatomy.is_a(obj, ModuleType)
    table = anatomy.own_dict(obj) if is_module else obj
    if type(table) is not dict:
        return None
    name = dict.get(table, "__name__")
    if type(name) is not str:
        return None
    own = anatomy.own_dict(sys.modules.get(name))
    return name if is_module or own is table else None
