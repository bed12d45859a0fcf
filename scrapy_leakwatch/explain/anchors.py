"""Finds on a reference path the edge that a suspect hangs on.

An anchor is the nearest place that a person would name and could cut: an
attribute of a request, a closure of the project, a component. What lies
between it and the suspect (lists, dicts, Scrapy's wrappers) only hands on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import _lru_cache_wrapper, partial
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Literal

from scrapy import Request

from scrapy_leakwatch import anatomy, places
from scrapy_leakwatch.explain import callables

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.reference_path import PathStart, ReferencePath

AnchorKind = Literal[
    "root",
    "request",
    "function",
    "generator",
    "partial",
    "timer",
    "cache",
    "deferred",
]
Fate = Literal["held", "waiting", "in flight", "unknown"]

REPEATED = 3
"""Nodes of one kind on a path that make it a row."""
_DIRECT = 2
"""Nodes of a trail where the root itself refers to the suspect."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where one suspect hangs: live nodes, for use inside the child only.

    ``trail`` runs from the anchor to the suspect, ``above`` from the root to
    the anchor. ``root`` is ``None`` where no root is known. ``row``: the suspect is
    somewhere behind the first of a row of alike nodes, and that one is the last on
    the trail before it.
    """

    kind: AnchorKind
    trail: tuple[Any, ...]
    above: tuple[Any, ...]
    root: PathStart | None
    fate: Fate
    row: bool = False


def anchor_of(path: ReferencePath, soon_s: float = 0.0) -> Anchor:
    """Return the anchor of what a path ends in.

    A timer that fires within ``soon_s`` seconds holds nothing for long.
    """
    nodes, start = path.nodes, path.start
    for number in range(len(nodes) - 2, -1, -1):
        kind = _kind(nodes[number], nodes[number:])
        if kind is not None:
            trail, above = nodes[number:], nodes[:number]
            fate = _fate(kind, trail, above, start)
            if kind == "timer" and callables.due_in(trail[0]) <= soon_s:
                fate = "in flight"
            return Anchor(kind, trail, above, start, fate)
    row = _first_of_row(nodes)
    if row is not None:
        nodes = (*nodes[: row + 1], nodes[-1])
    return Anchor("root", nodes, (), start, _fate("root", nodes, (), start), bool(row))


def _first_of_row(nodes: tuple[Any, ...]) -> int | None:
    """Return the place of the first of a row of objects that hold one another."""
    counts: dict[int, list[int]] = {}
    for number, node in enumerate(nodes[:-1]):
        if number and not anatomy.is_a(node, *_HANDING_ON):
            counts.setdefault(id(type(node)), []).append(number)
    rows = [found[0] for found in counts.values() if len(found) >= REPEATED]
    return min(rows, default=None)


_HANDING_ON = (dict, list, tuple, set, frozenset)


def _kind(node: Any, trail: tuple[Any, ...]) -> AnchorKind | None:
    if anatomy.is_a(node, Request):
        return "request"
    if type(node) is _lru_cache_wrapper:
        return "cache"
    kind, code = _code_anchor(node, trail)
    return kind if code is not None and places.is_project(code) else None


def _code_anchor(
    node: Any, trail: tuple[Any, ...]
) -> tuple[AnchorKind | None, CodeType | None]:
    if type(node) is FunctionType:
        return "function", node.__code__
    code = callables.code_of_generator(node)
    if code is not None:
        return "generator", code
    if anatomy.is_a(node, partial):
        return "partial", callables.code_of(node)
    if callables.is_timer(node):
        return "timer", callables.code_of(callables.called_by_timer(node))
    if callables.is_deferred(node):
        return "deferred", callables.code_of(callables.called_with(trail[1:]))
    return None, None


def _fate(
    kind: AnchorKind,
    trail: tuple[Any, ...],
    above: tuple[Any, ...],
    start: PathStart | None,
) -> Fate:
    if start is None:
        return "unknown"
    if kind == "deferred" and start.passing:
        return "waiting"
    if kind == "generator" and start.passing:
        return "waiting" if any(map(_is_of_engine, above)) else "held"
    if kind == "root" and (
        start.passing or (start.kind == "frame" and len(trail) == _DIRECT)
    ):
        return "in flight"
    return "held"


def _is_of_engine(node: Any) -> bool:
    """Tell whether ``node`` is a call under way inside Scrapy."""
    code = callables.code_of_generator(node)
    if code is None and type(node) is FunctionType:
        code = node.__code__
    return code is not None and _SCRAPY in code.co_filename


_SCRAPY = f"{os.sep}scrapy{os.sep}"
