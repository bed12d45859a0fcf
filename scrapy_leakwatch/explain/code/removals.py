"""Finds in the source where entries are taken out of a container."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.code.conditions import condition_of
from scrapy_leakwatch.explain.code.expressions import (
    Expression,
    base_of,
    names_in,
    scoped,
)
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.explain.code.outcomes import parents_in
from scrapy_leakwatch.explain.code.reductions import is_less, is_same
from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVERS = frozenset(
    [
        "pop",
        "popitem",
        "popleft",
        "clear",
        "remove",
        "discard",
        "difference_update",
        "intersection_update",
        "__delitem__",
    ]
)
"""The methods of containers that take entries out."""

_GETTERS = frozenset(["get", "get_nowait"])
_HEAP_REMOVERS = frozenset(["heappop", "heapreplace", "heappushpop"])
_IN_TURN = frozenset(["pop", "popleft"])


@dataclass(frozen=True, slots=True)
class Removal(Expression):
    """Where entries are taken out, and the ``condition`` under which, if there is."""

    condition: str = ""


def shrunk(
    tree: ast.AST, name: str, is_global: bool, in_queue: bool = False
) -> list[Expression]:
    """Return where entries are taken out of what ``name`` is, or it is replaced.

    ``in_queue``: it is a queue, whose ``get`` takes an entry out.
    """
    removers = REMOVERS | _GETTERS if in_queue else REMOVERS
    found = _shrunk(tree, name, is_global, removers, later=in_queue)
    return [each for each, _, _ in found if each.function not in ONCE]


def taken_in_turn(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where the first or the last entry is taken out, as of a queue."""
    found = _shrunk(tree, name, is_global, _IN_TURN)
    return [
        each
        for each, node, _ in found
        if isinstance(node, ast.Call)
        and each.function not in ONCE
        and all(isinstance(arg, ast.Constant | ast.UnaryOp) for arg in _index(node))
    ]


def forgotten(tree: ast.AST, name: str, is_global: bool) -> list[Removal]:
    """Return where entries are taken out, also when the crawl ends, and under what."""
    found = list(_shrunk(tree, name, is_global, REMOVERS))
    parents = parents_in(tree) if found else {}
    return [
        Removal(
            each.line,
            each.class_name,
            each.function,
            each.base,
            each.names,
            condition=condition_of(node, parents, body, name),
        )
        for each, node, body in found
    ]


def _shrunk(
    tree: ast.AST,
    name: str,
    is_global: bool,
    removers: frozenset[str],
    *,
    later: bool = True,
) -> Iterator[tuple[Expression, ast.AST, ast.AST]]:
    """Yield each place with its node and the function that it is in.

    ``later``: also where a method that takes entries out is handed on.
    """
    made_late = _made_late(tree)
    for node, scope, body in scoped(tree):
        if node in made_late:
            continue
        by_others = _called_by_others(node, removers) if later else ()
        for target in (*_targets(node, removers), *by_others):
            base = base_of(target, name, is_global)
            if base is not None:
                place = (target.lineno, scope.class_name, scope.function)
                yield Expression(*place, base, names_in(node)), node, body


def _index(call: ast.Call) -> list[ast.expr]:
    """Return what the remover gets: a heap's gets the heap."""
    return [] if last_name(call.func) in _HEAP_REMOVERS else call.args


def _targets(node: ast.AST, removers: frozenset[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Delete):
        yield from node.targets
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in removers:
            yield node.func.value
        elif last_name(node.func) in _HEAP_REMOVERS:
            yield from node.args[:1]
    elif isinstance(node, ast.AugAssign):
        takes_out = isinstance(node.op, ast.Sub | ast.BitAnd)
        if takes_out and not isinstance(node.target, ast.Subscript):
            yield node.target
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _replaced(node)


def _called_by_others(node: ast.AST, removers: frozenset[str]) -> Iterator[ast.expr]:
    """Yield what a timer, a thread or ``iter`` is to take entries out of."""
    for arg in node.args if isinstance(node, ast.Call) else ():
        if isinstance(arg, ast.Attribute) and arg.attr in removers:
            yield arg.value


def _replaced(node: ast.Assign | ast.AnnAssign) -> Iterator[ast.expr]:
    """Yield what an assignment puts less in the place of, as a whole or a slice."""
    for target, value in _assigned(node):
        container = _sliced(target) if isinstance(target, ast.Subscript) else target
        if container is not None and is_less(value, container):
            yield container


def _sliced(target: ast.Subscript) -> ast.expr | None:
    return target.value if isinstance(target.slice, ast.Slice) else None


def _assigned(
    node: ast.Assign | ast.AnnAssign,
) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each target with its value, also those of ``a, b = c, d``."""
    if node.value is None:
        return
    for target in _targets_of(node):
        parts, values = _parts(target), _parts(node.value)
        if len(parts) == len(values):
            yield from zip(parts, values, strict=True)
        else:
            yield target, node.value


def _targets_of(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _parts(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.Tuple) else [value]


def _made_late(tree: ast.AST) -> set[ast.stmt]:
    """Return the assignments that make what there is not yet, at its first use."""
    return {
        statement
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in _targets_of(statement)
        if any(_is_missing(node.test, part) for part in _parts(target))
    }


def _is_missing(test: ast.expr, target: ast.expr) -> bool:
    """Tell whether a test asks that there is no ``target``, or nothing in it."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _names(test.operand, target)
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.Is | ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
        and _names(test.left, target)
    )


def _names(asked: ast.expr, target: ast.expr) -> bool:
    """Tell whether it is ``target``, or ``hasattr``, ``getattr`` of its name."""
    if isinstance(asked, ast.Call):
        asks_for = [arg.value for arg in asked.args if isinstance(arg, ast.Constant)]
        return isinstance(target, ast.Attribute) and target.attr in asks_for
    return is_same(asked, target)
