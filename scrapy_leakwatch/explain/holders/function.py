"""A function of the project with what it closes over, its defaults or attributes."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import (
    AT_EXIT,
    Finding,
    bare,
    thing_and_part,
)
from scrapy_leakwatch.explain.naming.edges import ANY_KEY, INSIDE

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.explain.naming.words import Wording
    from scrapy_leakwatch.foundation.lines import SourceLine

_PHRASES = {
    "__defaults__": "default argument '{}' of {}",
    "__kwdefaults__": "default argument '{}' of {}",
    "__dict__": "attribute '{}' of function {}",
}


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    node = nodes[place]
    return type(node) is FunctionType and of_code.is_of_project(node)


def _wording(anchor: Anchor, edges: list[Edge], near: int) -> Wording:
    phrase = _PHRASES.get(_first_part(edges), "closure variable '{}' of {}")
    variable = _variable(anchor, edges)
    return of_code.wording_of(anchor, edges, near, phrase=phrase, variable=variable)


def _first_part(edges: list[Edge]) -> str:
    return edges[0].name if edges[0].kind == "part" else ""


def _variable(anchor: Anchor, edges: list[Edge]) -> tuple[str, int]:
    function = anchor.trail[0]
    code = function.__code__
    part, second = _first_part(edges), edges[1] if len(edges) > 1 else INSIDE
    number = int(second.name) if second.name.isdigit() else -1
    if part == "__closure__" and 0 <= number < len(code.co_freevars):
        return code.co_freevars[number], 3
    if part == "__defaults__" and number >= 0:
        first = code.co_argcount - len(function.__defaults__ or ())
        return code.co_varnames[first + number], 2
    if second.kind == "key" and second != ANY_KEY:
        return second.name.strip("'"), 2
    return "?", len(edges)


def _line(group: Group, _: Any) -> SourceLine | None:
    return source.of_code(group.lead.trail[0].__code__)


def _fix(finding: Finding) -> str:
    if finding.start == "atexit":
        return AT_EXIT
    thing, part = thing_and_part(finding.held)
    name = bare(finding.function)
    subject = "the lambda" if name == "<lambda>" else name
    if finding.start == "receivers":
        return (
            f"connect a method of the spider once, not {subject} for each page: its "
            f"'{finding.variable}' keeps the {thing}"
        )
    return (
        f"make {subject} a method of the spider and give it what it needs (such as "
        f"{part}) in cb_kwargs or as an argument: now its '{finding.variable}' keeps "
        f"the {thing}"
    )


KIND = HolderKind("function", _is_one, is_held, _wording, _line, _fix)
