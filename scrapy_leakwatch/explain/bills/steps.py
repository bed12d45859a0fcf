"""Goes down from an owner's objects step by step, and writes the way as a path."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.naming.edges import Edge, edge, public
from scrapy_leakwatch.foundation import anatomy, places, redact

if TYPE_CHECKING:
    from scrapy_leakwatch.heap.walk import Heap

REPEATED = 3
"""Steps of the same kind that make a chain, or a tree, of nodes."""
INSIDE = " › "

_REQUEST = "scrapy.http.request.Request"
_CONTAINERS = (list, tuple, set, frozenset, deque, dict)


@dataclass(slots=True)
class Step:
    """Where the way down has come to: live objects, for use inside the child only."""

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
    """The path to the first of a row of alike nodes, empty if there is none."""


def following(heap: Heap, step: Step, child: int, *, keyed: bool = False) -> Step:
    """Return the step from one object to what it holds; ``keyed``: with its key."""
    holder, held = step.way[-1], heap.graph.object(child)
    name = _edge(step.way, held)
    text, inside = _written(step, name, keyed=keyed)
    kind = (id(type(held)), name.kind + name.name)
    return Step(
        index=child,
        way=(*step.way, held),
        names=(*step.names, name),
        text=text,
        inside=inside or (step.inside and not text.endswith("]")),
        texts=(*step.texts, step.text),
        kinds=(*step.kinds, kind),
        chain=_first_of_chain(step, kind, holder),
    )


def shortened(path: str) -> str:
    """Return the path of a container for that of its entries."""
    while path.endswith("[*]"):
        path = path[:-3]
    return redact.text(path, 160)


def is_crowd(way: tuple[Any, ...]) -> bool:
    """Tell whether the last is a container of what is alike."""
    return is_container(way[-1]) and not _is_namespace(way)


def is_container(obj: Any) -> bool:
    """Tell whether it is a list, a dict or another builtin container."""
    return anatomy.is_a(obj, *_CONTAINERS)


def is_request(obj: Any) -> bool:
    """Tell whether it is a request of Scrapy."""
    return anatomy.inherits(obj, _REQUEST)


def _edge(way: tuple[Any, ...], held: Any) -> Edge:
    holder = way[-1]
    found = edge(holder, held)
    named = found.kind == "key" and found.name.startswith("'")
    if named and len(way) > 1 and anatomy.own_dict(way[-2]) is holder:
        return public(way[-2], found.name.strip("'"))
    if named and _is_namespace(way):
        return Edge("attribute", redact.text(found.name.strip("'"), 60))
    return found


def _written(step: Step, name: Edge, *, keyed: bool) -> tuple[str, bool]:
    """Return the path with one step more, and whether it came into a library."""
    holder = step.way[-1]
    if name.kind == "attribute":
        begins = not step.inside and _is_of_library(step)
        return f"{step.text}{INSIDE if begins else '.'}{name.name}", begins
    if name.kind == "local":
        return f"{step.text}{INSIDE}{name.name}", False
    if keyed and name.kind == "key" and name.name != "*":
        return f"{step.text}[{name.name}]", False
    if name.kind in {"key", "index"} and not step.text.endswith("[*]"):
        return f"{step.text}[*]", False
    unnamed = type(holder) is FrameType or name.name == "cell_contents"
    if name.kind == "part" and not unnamed:
        return f"{step.text}.{name.name}", False
    return step.text, False


def _is_of_library(step: Step) -> bool:
    """Tell whether an attribute is one of an object that a library made.

    What the owner itself begins with is known by name, and so is what a request has.
    """
    owner = step.way[-1]
    if len(step.way) > 1 and anatomy.own_dict(step.way[-2]) is owner:
        owner = step.way[-2]
        first = len(step.way) == 2  # noqa: PLR2004, the root and its __dict__
    else:
        first = len(step.way) == 1
    if first or anatomy.is_a(owner, type) or is_request(owner):
        return False
    return places.origin_of_class(type(owner)) == "library" and not is_container(owner)


def _first_of_chain(step: Step, kind: tuple[int, str], holder: Any) -> str:
    if kind[1].startswith(("inside", "part")):
        return ""
    of_entry = is_crowd((*step.way[:-1], holder))
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
