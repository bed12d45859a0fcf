"""What all holders have in common that run a function of the project."""

from __future__ import annotations

from dataclasses import dataclass
from types import CellType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.code.source import classes_of
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.naming.words import Wording, written
from scrapy_leakwatch.foundation import places, redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.holders.anchor import Anchor
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.foundation.lines import SourceLine

    Runs = Callable[[tuple[Any, ...]], Any]
    """Returns the callable or generator that the first of a trail runs."""


def code_of(runs: Any) -> CodeType | None:
    """Return the code of a callable or of a suspended function, None of neither."""
    return callables.code_of_generator(runs) or callables.code_of(runs)


def is_of_project(runs: Any) -> bool:
    """Tell whether a callable runs code of the project."""
    code = code_of(runs)
    return code is not None and places.is_project(code)


def itself(trail: tuple[Any, ...]) -> Any:
    """Return the first of a trail, where that is the callable."""
    return trail[0]


def wording_of(
    anchor: Anchor,
    edges: list[Edge],
    near: int,
    *,
    phrase: str,
    variable: tuple[str, int],
    runs: Runs = itself,
) -> Wording:
    """Return an anchor in words: ``phrase`` has room for a variable and a function.

    ``variable`` is its name and how many edges lead to its value.
    """
    name = callables.function_name(runs(anchor.trail))
    function = redact.text(name) or label(anchor.trail[0])
    known, rest = variable
    what = known + written(edges[rest:near])
    return Wording(
        phrase.format(what, function),
        phrase.format(known + written(edges[rest:]), function),
        phrase.format(known + written(edges[rest:near], 0), function),
        phrase.format(known + written(edges[rest:], 0), function),
        tuple(edges[:near]),
        what,
        function,
    )


def variable_of(nodes: tuple[Any, ...], edges: list[Edge]) -> tuple[str, int]:
    """Return the variable's name and how many edges lead to its value."""
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


@dataclass(frozen=True, slots=True)
class Call:
    """A function and arguments that are kept until it is called.

    ``phrase`` has room for an argument and the function, ``callers`` are the names
    of what it is handed to, ``runs`` returns it, of a trail.
    """

    phrase: str
    callers: frozenset[str]
    runs: Runs = itself

    def wording(self, anchor: Anchor, edges: list[Edge], near: int) -> Wording:
        """Return an anchor in words."""
        variable = variable_of(anchor.trail, edges)
        return wording_of(
            anchor, edges, near, phrase=self.phrase, variable=variable, runs=self.runs
        )

    def line(self, group: Group, crawler: Any) -> SourceLine | None:
        """Return the line that hands the function over, or that of the function."""
        code = code_of(self.runs(group.lead.trail))
        if code is None:
            return None
        if code.co_name != "<lambda>":
            classes = classes_of(crawler)
            line = source.of_call(self.callers, code.co_name, classes)
            if line is not None and not line.likely:
                return line
        return source.of_code(code)
