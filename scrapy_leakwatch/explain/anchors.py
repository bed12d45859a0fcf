"""Finds, on the graph of a walk, which edge each suspect hangs on.

An anchor is the nearest place that a person would name and could cut: an
attribute of a request, a closure of the project, a component. What lies
between it and the suspect (lists, dicts, Scrapy's wrappers) only hands on.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import _lru_cache_wrapper, partial
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Literal

from scrapy import Request

from scrapy_leakwatch import anatomy, places
from scrapy_leakwatch.explain import callables
from scrapy_leakwatch.explain.roots import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.explain.holders import Graph
    from scrapy_leakwatch.explain.roots import Root

AnchorKind = Literal[
    "root",
    "request",
    "function",
    "generator",
    "partial",
    "timer",
    "cache",
    "deferred",
    "object",
]
KindOf = Callable[[Any, "tuple[Any, ...]"], "AnchorKind | None"]
Fate = Literal["held", "waiting", "in flight", "garbage", "unknown"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where one suspect hangs: live nodes, for use inside the child only.

    ``trail`` runs from the anchor to the suspect, ``above`` from the root to
    the anchor. ``root`` is ``None`` where the walk ended before one.
    """

    kind: AnchorKind
    trail: tuple[Any, ...]
    above: tuple[Any, ...]
    root: Root | None
    fate: Fate


class Anchors:
    """The anchors of each suspect on one graph.

    A timer that fires within ``soon_s`` seconds holds nothing for long.
    """

    def __init__(self, graph: Graph, soon_s: float = 0.0) -> None:
        self._graph = graph
        self._soon_s = soon_s
        self._ways = [graph.toward_root(rank) for rank in RANKS]

    def of(self, suspect: Any) -> list[Anchor]:
        """Return the distinct anchors of ``suspect``, the nearest first."""
        found = list(self._nearest(suspect, self._kind))
        if not found and self._is_cut(id(suspect)):
            found = list(self._nearest(suspect, _project_object))[:1]
        return [self._anchor(kind, trail) for kind, trail in found]

    def fate(self, suspect: Any, anchors: list[Anchor]) -> Fate:
        """Return what becomes of ``suspect``, the worst first."""
        fates = {anchor.fate for anchor in anchors}
        for fate in ("held", "waiting", "in flight", "unknown"):
            if fate in fates:
                return fate
        return "unknown" if self._is_cut(id(suspect)) else "garbage"

    def _nearest(
        self, suspect: Any, kind_of: KindOf
    ) -> Iterator[tuple[AnchorKind, tuple[Any, ...]]]:
        """Search outwards; never past an anchor."""
        nodes, holders = self._graph.nodes, self._graph.holders
        came_from: dict[int, int | None] = {id(suspect): None}
        queue = deque([id(suspect)])
        while queue:
            held = queue.popleft()
            for holder in holders.get(held, ()):
                if holder in came_from:
                    continue
                came_from[holder] = held
                trail = self._trail(holder, came_from)
                kind = kind_of(nodes[holder], trail)
                if kind is None:
                    queue.append(holder)
                else:
                    yield kind, trail

    def _trail(self, start: int, came_from: dict[int, int | None]) -> tuple[Any, ...]:
        trail: list[Any] = []
        step: int | None = start
        while step is not None:
            trail.append(self._graph.nodes[step])
            step = came_from[step]
        return tuple(trail)

    def _kind(self, node: Any, trail: tuple[Any, ...]) -> AnchorKind | None:
        if id(node) in self._graph.roots:
            return "root"
        if anatomy.is_a(node, Request):
            return "request"
        if type(node) is _lru_cache_wrapper:
            return "cache"
        kind, code = _code_anchor(node, trail)
        return kind if code is not None and places.is_project(code) else None

    def _anchor(self, kind: AnchorKind, trail: tuple[Any, ...]) -> Anchor:
        above, root = self._above(id(trail[0]))
        fate = _anchor_fate(kind, trail, above, root)
        if kind == "timer" and callables.due_in(trail[0]) <= self._soon_s:
            fate = "in flight"
        return Anchor(kind, trail, above, root, fate)

    def _above(self, key: int) -> tuple[tuple[Any, ...], Root | None]:
        for steps in self._ways:
            if key in steps:
                chain = [key]
                while steps[chain[-1]] != chain[-1]:
                    chain.append(steps[chain[-1]])
                found = [self._graph.nodes[step] for step in reversed(chain)]
                return tuple(found[:-1]), self._graph.roots[chain[-1]]
        return self._outwards(key), None

    def _outwards(self, key: int) -> tuple[Any, ...]:
        """Return the way to where the walk was cut, the farthest first."""
        came_from: dict[int, int | None] = {key: None}
        queue = deque([key])
        while queue:
            step = queue.popleft()
            if step in self._graph.cut:
                return self._trail(step, came_from)[:-1]
            for holder in self._graph.holders.get(step, ()):
                if holder not in came_from:
                    came_from[holder] = step
                    queue.append(holder)
        return ()

    def _is_cut(self, key: int) -> bool:
        """Tell whether some holder further out was not followed."""
        return key in self._graph.cut or bool(self._outwards(key))


_PASSING = RANKS[-1]
_DIRECT = 2
"""Nodes of a trail where the root itself refers to the suspect."""


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


def _anchor_fate(
    kind: AnchorKind,
    trail: tuple[Any, ...],
    above: tuple[Any, ...],
    root: Root | None,
) -> Fate:
    if root is None:
        return "unknown" if above else "garbage"
    if kind == "deferred" and root.rank == _PASSING:
        return "waiting"
    if kind == "generator" and root.rank == _PASSING:
        return "waiting" if any(map(_is_of_engine, above)) else "held"
    if kind == "root" and (root.rank == _PASSING or root.kind == "queue"):
        return "in flight"
    if kind == "root" and root.kind == "frame" and len(trail) == _DIRECT:
        return "in flight"
    return "held"


def _project_object(node: Any, _: tuple[Any, ...]) -> AnchorKind | None:
    """Take any object of the project: the last resort in an endless row."""
    return "object" if places.origin_of_class(type(node)) == "project" else None


def _is_of_engine(node: Any) -> bool:
    """Tell whether ``node`` is a call under way inside Scrapy."""
    code = callables.code_of_generator(node)
    if code is None and type(node) is FunctionType:
        code = node.__code__
    return code is not None and _SCRAPY in code.co_filename


_SCRAPY = f"{os.sep}scrapy{os.sep}"
