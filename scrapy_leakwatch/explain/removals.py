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
_MAKERS = ("__init__", "")
"""Where a container is made, an empty one takes nothing out: a class's too."""


def shrunk(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where entries are taken out of what ``name`` is, or it is replaced."""
    found = []
    for node, scope, _ in scoped(tree):
        for target in _targets(node, scope.function):
            base = base_of(target, name, is_global)
            if base is not None:
                place = (target.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node)))
    return found


def _targets(node: ast.AST, function: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.Delete):
        yield from node.targets
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _REMOVERS:
            yield node.func.value
    elif isinstance(node, ast.Assign) and function not in _MAKERS:
        for target in node.targets:
            if not isinstance(target, ast.Subscript) and _is_less(node.value, target):
                yield target


def _is_less(value: ast.expr, target: ast.expr) -> bool:
    """Tell whether a value is empty, or a part of what it replaces."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Subscript):
        return ast.dump(value.value) == ast.dump(target).replace("Store()", "Load()")
    return is_empty(value)
