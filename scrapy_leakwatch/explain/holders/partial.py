"""The arguments of a `functools.partial`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy
from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.edges import Edge
    from scrapy_leakwatch.explain.findings import Group
    from scrapy_leakwatch.explain.words import Place
    from scrapy_leakwatch.lines import Line

_CALLERS = frozenset({"partial"})


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    node = nodes[place]
    return anatomy.is_a(node, functools.partial) and of_code.is_of_project(node)


def _place(anchor: Anchor, edges: list[Edge], near: int) -> Place:
    variable = of_code.variable_of(anchor.trail, edges)
    phrase = "argument '{}' of partial {}"
    return of_code.place_of(anchor, edges, near, phrase=phrase, variable=variable)


def _line(group: Group, crawler: Any) -> Line | None:
    return of_code.line_of_call(group, crawler, _CALLERS)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"pass {bare(finding.function)} itself as callback and what it needs "
        f"(such as {part}) in cb_kwargs, not the {thing} in a partial"
    )


KIND = HolderKind("partial", _is_one, is_held, _place, _line, _fix)
