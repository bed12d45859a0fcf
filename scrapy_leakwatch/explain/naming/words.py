"""Turns a trail of live nodes into the words of a report."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from types import CellType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.naming.edges import (
    ANY_KEY,
    GENERATORS,
    INSIDE,
    Edge,
    edge,
    public,
)
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.records import PathStep
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.internals import frontier

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders import Anchor
    from scrapy_leakwatch.explain.naming.reference_path import PathStart

_ANONYMOUS = (dict, list, tuple, set, frozenset, deque, CellType)
_NAME_LIKE = re.compile(r"^b?'[A-Za-z_][\w .-]{0,39}'$")


@dataclass(frozen=True, slots=True)
class Wording:
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
        elif step == ANY_KEY and anatomy.inherits(owner, _LOCAL):
            step = INSIDE  # each thread has a table of its own
        if step.kind != "inside":
            owner = None
        elif anatomy.own_dict(holder) is held or anatomy.inherits(holder, _LOCAL):
            owner = holder
        found.append(step)
    return found


def edges_of(anchor: Anchor) -> list[Edge]:
    """Return the edges from ``anchor`` to the suspect."""
    namespace = anchor.root is not None and anchor.root.is_namespace
    return edges_along(anchor.trail, not anchor.above and namespace)


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


def simple_wording(start: str, edges: list[Edge], near: int, kept_keys: int) -> Wording:
    """Return the words for what is below ``start``, named by the first ``near`` edges.

    ``general`` keeps so many of the keys.
    """
    return Wording(
        start + written(edges[:near]),
        start + written(edges),
        start + written(edges[:near], kept_keys),
        start + written(edges, kept_keys),
        tuple(edges[:near]),
    )


def reach(nodes: tuple[Any, ...], edges: list[Edge]) -> int:
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


_LOCAL = "_thread._local"
_COLLECTIONS = (
    _LOCAL,
    "weakref.WeakKeyDictionary",
    "weakref.WeakValueDictionary",
    "collections.UserDict",
    "collections.UserList",
    "scrapy.item.Item",
)


def callback_of(request: Any) -> str:
    """Return the bare name of the function that ``request`` calls back.

    That is the one of a rule, where a `CrawlSpider` made the request by one that has.
    """
    if not anatomy.is_a(request, Request):
        return ""
    of_rule = anatomy.attribute(frontier.rule_of(request), "callback")
    callback = anatomy.attribute(request, "callback")
    code = callables.code_of(of_rule) or callables.code_of(callback)
    return code.co_name if code is not None else "parse"
