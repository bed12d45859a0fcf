"""Finds in the source where entries are taken out of a container."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.expressions import (
    Expression,
    base_of,
    is_empty,
    names_in,
    scoped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMOVERS = frozenset(
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
_ONCE = frozenset(
    [
        "",  # the body of a class or module
        "__init__",
        "__post_init__",
        "from_crawler",
        "open_spider",
        "spider_opened",
        "start_requests",
        "close_spider",
        "spider_closed",
        "closed",
    ]
)
"""Functions that run at the crawl's start or end: nothing is taken out meanwhile."""


def shrunk(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where entries are taken out of what ``name`` is, or it is replaced."""
    found = []
    made_late = _made_late(tree)
    for node, scope, _ in scoped(tree):
        if scope.function in _ONCE or node in made_late:
            continue
        for target in _targets(node):
            base = base_of(target, name, is_global)
            if base is not None:
                place = (target.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node)))
    return found


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Delete):
        yield from node.targets
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _REMOVERS:
            yield node.func.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if not isinstance(target, ast.Subscript) and _is_less(node.value, target):
                yield target


def _made_late(tree: ast.AST) -> set[ast.stmt]:
    """Return the assignments that make what there is not yet, at its first use."""
    return {
        statement
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and any(_is_missing(node.test, target) for target in statement.targets)
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
    return _same(asked, target)


def _same(one: ast.expr, target: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(target).replace("Store()", "Load()")


def _is_less(value: ast.expr, target: ast.expr) -> bool:
    """Tell whether a value is empty, or a part of what it replaces."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Subscript):
        return _same(value.value, target)
    return is_empty(value)
