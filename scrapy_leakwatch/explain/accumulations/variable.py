"""A variable of a function that has not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.explain.code import expressions
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.naming.edges import GENERATORS
from scrapy_leakwatch.foundation import places
from scrapy_leakwatch.foundation.lines import SourceLine, at, tree_of

if TYPE_CHECKING:
    from types import CodeType

    from scrapy_leakwatch.explain.bills.paths import Place


def _is_one(place: Place) -> bool:
    return any(id(type(node)) in GENERATORS for node in place.way)


def _line(place: Place, _: Any) -> SourceLine | None:
    for number, node in enumerate(place.way):
        if id(type(node)) in GENERATORS:
            return _line_in_function(node, place, number)
    return None


def _line_in_function(node: Any, place: Place, number: int) -> SourceLine | None:
    """Return the line of a function that adds to one of its variables."""
    code = callables.code_of_generator(node)
    if code is None or not places.is_project(code):
        return None
    names = [name.name for name in place.names[number:] if name.kind == "local"]
    found = _added_in(code, names[0]) if names else None
    return found or at(code.co_filename, code.co_firstlineno)


def _added_in(code: CodeType, name: str) -> SourceLine | None:
    tree = tree_of(code.co_filename)
    if tree is None:
        return None
    last = max((line for *_, line in code.co_lines() if line), default=0)
    inside = [
        each.line
        for each in expressions.grown(tree, name, is_global=True)
        if code.co_firstlineno <= each.line <= last
    ]
    return at(code.co_filename, inside[0]) if inside else None


KIND = AccumulationKind(
    _is_one,
    says("yield each {thing} as an item, and do not collect them in {path}"),
    _line,
)
