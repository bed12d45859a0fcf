"""Turns a trail of live nodes into the words of a report."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from types import CellType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.explain import callables
from scrapy_leakwatch.explain.edges import (
    ANY_KEY,
    GENERATORS,
    INSIDE,
    Edge,
    edge,
    public,
)
from scrapy_leakwatch.explain.labels import label, method_name
from scrapy_leakwatch.explain.records import PathStep

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.anchors import Anchor
    from scrapy_leakwatch.explain.reference_path import PathStart

_ANONYMOUS = (dict, list, tuple, set, frozenset, deque, CellType)
_NAME_LIKE = re.compile(r"^b?'[A-Za-z_][\w .-]{0,39}'$")


@dataclass(frozen=True, slots=True)
class Place:
    """An anchor in words.

    ``holder`` names the edge to cut, ``expression`` the way down to the
    suspect; ``general`` and ``general_expression`` are the same with the keys
    that vary as ``[*]``. ``names`` are the attributes and keys on it,
    ``variable`` the local, closure or argument, ``function`` its function.
    """

    holder: str
    expression: str
    general: str = ""
    general_expression: str = ""
    names: tuple[Edge, ...] = ()
    variable: str = ""
    function: str = ""


def edges_along(nodes: tuple[Any, ...], first_is_namespace: bool) -> list[Edge]:
    """Return the edges between ``nodes``.

    What a dictionary of attributes holds is named as the attribute of its
    owner; ``first_is_namespace``: the first node is a module's or a class.
    """
    found: list[Edge] = []
    owner: Any = nodes[0] if first_is_namespace else None
    for holder, held in pairwise(nodes):
        step = edge(holder, held)
        if owner is not None and step.kind == "key" and step.name.startswith("'"):
            step = public(owner, step.name.strip("'"))
        if step.kind != "inside":
            owner = None
        elif anatomy.own_dict(holder) is held:
            owner = holder
        found.append(step)
    return found


def edges_of(anchor: Anchor) -> list[Edge]:
    """Return the edges from ``anchor`` to the suspect."""
    namespace = anchor.root is not None and anchor.root.is_namespace
    return edges_along(anchor.trail, anchor.kind == "root" and namespace)


def written(edges: list[Edge] | tuple[Edge, ...], kept_keys: int = 99) -> str:
    """Return ``edges`` as source text; further keys than ``kept_keys`` as ``[*]``."""
    text, keys = "", 0
    for step in edges:
        if step.kind == "key":
            keys += 1
            known = _NAME_LIKE.match(step.name) and keys <= kept_keys
            text += f"[{step.name}]" if known else "[*]"
        elif step.kind == "index":
            text += "[*]"
        elif step.kind in {"attribute", "local"}:
            text += f".{step.name}"
    return text


def path(nodes: tuple[Any, ...], root: PathStart | None) -> tuple[PathStep, ...]:
    """Return the steps from the root to the suspect, containers folded in."""
    namespace = root is not None and root.is_namespace
    edges = edges_along(nodes, namespace)
    steps: list[PathStep] = []
    node = root.expression if root is not None else label(nodes[0])
    pending: list[Edge] = []
    for held, step in zip(nodes[1:], edges, strict=True):
        pending.append(step)
        if any(type(held) is kind for kind in _ANONYMOUS) or anatomy.is_a(held, dict):
            continue
        steps.append(PathStep(node, written(pending)))
        node, pending = label(held), []
    steps.append(PathStep(node, written(pending)))
    return tuple(steps)


def place(anchor: Anchor) -> Place:
    """Return ``anchor`` in words."""
    nodes, edges = anchor.trail, edges_of(anchor)
    near = _reach(nodes, edges)
    if anchor.kind == "root" and anchor.root is not None:
        return _simple(anchor.root.expression, edges, near, kept_keys=0)
    if anchor.kind == "request":
        return _of_request(nodes, edges, near)
    return _of_code(anchor, edges, near)


def _simple(start: str, edges: list[Edge], near: int, kept_keys: int) -> Place:
    return Place(
        start + written(edges[:near]),
        start + written(edges),
        start + written(edges[:near], kept_keys),
        start + written(edges, kept_keys),
        tuple(edges[:near]),
    )


def _reach(nodes: tuple[Any, ...], edges: list[Edge]) -> int:
    """Return how many edges the holder has: to the first object of a library."""
    for number, node in enumerate(nodes[1:], 1):
        if not hands_on(node) and places.origin_of_class(type(node)) == "library":
            return number
    return len(edges)


def hands_on(node: Any) -> bool:
    """Tell whether ``node`` is a container or callable, nothing to speak of."""
    return (
        any(anatomy.is_a(node, kind) for kind in _ANONYMOUS)
        or type(node) is FunctionType
        or type(node) is MethodType
        or id(type(node)) in GENERATORS
        or anatomy.inherits(node, *_COLLECTIONS)
    )


_COLLECTIONS = (
    "weakref.WeakKeyDictionary",
    "weakref.WeakValueDictionary",
    "collections.UserDict",
    "collections.UserList",
    "scrapy.item.Item",
)


def _of_request(nodes: tuple[Any, ...], edges: list[Edge], near: int) -> Place:
    plain = _simple("Request", edges, near, kept_keys=1)
    for number, node in enumerate(nodes[1:], 1):
        if type(node) is MethodType:
            target = label(node.__self__) + written(edges[number + 1 : near])
            through = f"Request{written(edges[:number])} {method_name(node)}"
            holder = f"{target}, the object of {through}"
            general = label(node.__self__) + written(edges[number + 1 : near], 0)
            return Place(
                holder,
                plain.expression,
                f"{general}, the object of {through}",
                plain.general_expression,
                plain.names,
                target,
                method_name(node),
            )
    return plain


def _of_code(anchor: Anchor, edges: list[Edge], near: int) -> Place:
    name = callables.function_name(runs(anchor))
    function = redact.text(name) or label(anchor.trail[0])
    variable, rest = _variable(anchor.kind, anchor.trail, edges)
    pattern = _phrase(anchor.kind, edges)
    what = variable + written(edges[rest:near])
    return Place(
        pattern.format(what, function),
        pattern.format(variable + written(edges[rest:]), function),
        pattern.format(variable + written(edges[rest:near], 0), function),
        pattern.format(variable + written(edges[rest:], 0), function),
        tuple(edges[:near]),
        what,
        function,
    )


def _phrase(kind: str, edges: list[Edge]) -> str:
    if kind == "function" and _first_part(edges) in {"__defaults__", "__kwdefaults__"}:
        return "default argument '{}' of {}"
    if kind == "function" and _first_part(edges) == "__dict__":
        return "attribute '{}' of function {}"
    return _PHRASES[kind]


_PHRASES = {
    "function": "closure variable '{}' of {}",
    "generator": "local variable '{}' of {}",
    "partial": "argument '{}' of partial {}",
    "timer": "argument '{}' of timer {}",
    "deferred": "argument '{}' of Deferred callback {}",
    "cache": "lru_cache{} of {}",
}


def runs(anchor: Anchor) -> Any:
    """Return the callable or generator whose function ``anchor`` names."""
    node = anchor.trail[0]
    if anchor.kind == "timer":
        return callables.called_by_timer(node)
    if anchor.kind == "deferred":
        return callables.called_with(anchor.trail[1:])
    return node


def code_of_anchor(anchor: Anchor) -> Any:
    """Return the code object of the function that ``anchor`` names."""
    found = runs(anchor)
    return callables.code_of_generator(found) or callables.code_of(found)


def _first_part(edges: list[Edge]) -> str:
    return edges[0].name if edges[0].kind == "part" else ""


def _variable(kind: str, nodes: tuple[Any, ...], edges: list[Edge]) -> tuple[str, int]:
    """Return the variable's name and how many edges lead to its value."""
    if kind == "function":
        return _of_function(nodes, edges)
    if kind == "cache":
        return "", len(edges)
    for number, step in enumerate(edges):
        if step.kind == "local":
            skip = 2 if type(nodes[number + 1]) is CellType else 1
            return step.name, number + skip
        if step.kind == "key" and number:
            return step.name.strip("'"), number + 1
        if step.kind == "index" and not _is_index_of_tuple(nodes, number):
            return _position(step), number + 1
    return "?", len(edges)


def _is_index_of_tuple(nodes: tuple[Any, ...], number: int) -> bool:
    """Tell whether the item is a further part of a Deferred's callback tuples."""
    return type(nodes[number]) is list or (
        type(nodes[number + 1]) is tuple and number + 2 < len(nodes)
    )


def _position(step: Edge) -> str:
    return str(int(step.name) + 1) if step.name.isdigit() else "*"


def _of_function(nodes: tuple[Any, ...], edges: list[Edge]) -> tuple[str, int]:
    code = nodes[0].__code__
    part, second = _first_part(edges), edges[1] if len(edges) > 1 else INSIDE
    number = int(second.name) if second.name.isdigit() else -1
    if part == "__closure__" and 0 <= number < len(code.co_freevars):
        return code.co_freevars[number], 3
    if part == "__defaults__" and number >= 0:
        first = code.co_argcount - len(nodes[0].__defaults__ or ())
        return code.co_varnames[first + number], 2
    if second.kind == "key" and second != ANY_KEY:
        return second.name.strip("'"), 2
    return "?", len(edges)


def callback_of(request: Any) -> str:
    """Return the bare name of the function that ``request`` calls back."""
    if not anatomy.is_a(request, Request):
        return ""
    code = callables.code_of(anatomy.attribute(request, "callback"))
    return code.co_name if code is not None else "parse"
