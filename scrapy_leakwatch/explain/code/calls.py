"""Finds in a syntax tree the calls that hand something to one of some functions."""

from __future__ import annotations

import ast

from scrapy_leakwatch.explain.code.expressions import Expression, names_in, statements
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.foundation.lines import last_name


def called(tree: ast.AST, callers: frozenset[str], function: str) -> list[Expression]:
    """Return where one of ``callers`` is called with the name ``function``."""
    found = []
    for node, scope, _ in statements(tree):
        if isinstance(node, ast.Call) and last_name(node.func) in callers:
            names = frozenset(last_name(arg) for arg in node.args)
            if function in names:
                found.append(
                    Expression(node.lineno, scope.class_name, scope.function, "", names)
                )
    return found


def making(tree: ast.AST, name: str) -> list[Expression]:
    """Return where a function that runs more than once calls ``name``."""
    return [
        Expression(node.lineno, scope.class_name, scope.function, "", names_in(node))
        for node, scope, _ in statements(tree)
        if isinstance(node, ast.Call) and last_name(node.func) == name
        if scope.function not in ONCE
    ]


def naming(tree: ast.AST, callers: frozenset[str]) -> list[Expression]:
    """Return where a function hands one of ``callers`` a text that is no constant."""
    found = []
    for node, scope, _ in statements(tree):
        if isinstance(node, ast.Call) and last_name(node.func) in callers:
            fixed = not node.args or isinstance(node.args[0], ast.Constant)
            if scope.function and not fixed and last_name(node.args[0]) != "__name__":
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, "", names_in(node)))
    return found
