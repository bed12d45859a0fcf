"""Finds in a syntax tree the calls that hand something to one of some functions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.code.expressions import (
    Expression,
    arguments,
    base_of,
    names_in,
    statements,
)
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.explain.code.outcomes import Outcome, outcome_of, parents_in
from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.code.source import Find


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A call: the ``name`` of what is called, and what becomes of what it returns.

    It ends at the line ``end``.
    """

    name: str = ""
    outcome: Outcome = "kept"
    end: int = 0


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


def starting(tree: ast.AST, callers: frozenset[str]) -> list[Call]:
    """Return the calls of ``callers``, with all names that stand in what they get."""
    return [call for call, _ in _starting(tree, callers)]


def of_methods(callers: frozenset[str]) -> Find:
    """Return what finds the calls of ``callers`` that are methods of something."""

    def find(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
        found = _starting(tree, callers)
        bases = [(call, base_of(of, name, is_global)) for call, of in found if of]
        return [replace(call, base=base) for call, base in bases if base is not None]

    return find


def _starting(
    tree: ast.AST, callers: frozenset[str]
) -> list[tuple[Call, ast.expr | None]]:
    """Return calls, each with what the called is a method of."""
    found = [
        (node, scope, body)
        for node, scope, body in statements(tree)
        if isinstance(node, ast.Call) and last_name(node.func) in callers
    ]
    parents = parents_in(tree) if found else {}
    return [
        (
            Call(
                node.lineno,
                scope.class_name,
                scope.function,
                "",
                frozenset[str]().union(*map(names_in, arguments(node))),
                name=last_name(node.func),
                outcome=outcome_of(node, parents, body),
                end=node.end_lineno or node.lineno,
            ),
            node.func.value if isinstance(node.func, ast.Attribute) else None,
        )
        for node, scope, body in found
    ]


def of_module(tree: ast.AST, module: str) -> list[Call]:
    """Return where a function hands something that varies to one of ``module``'s."""
    names, functions = _imported(tree, module)
    found: list[Call] = []
    if not names and not functions:
        return found
    for node, scope, _ in statements(tree):
        if not isinstance(node, ast.Call) or scope.function in ONCE:
            continue
        called = _called(node.func, names, functions)
        varies = any(not isinstance(each, ast.Constant) for each in arguments(node))
        if called and varies:
            place = (node.lineno, scope.class_name, scope.function)
            found.append(Call(*place, "", names_in(node), name=called))
    return found


def _imported(tree: ast.AST, module: str) -> tuple[frozenset[str], dict[str, str]]:
    """Return the names that a file has for a module, and for parts of it."""
    package, _, last = module.rpartition(".")
    names, parts = set[str](), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name == module or each.name.startswith(f"{module}."):
                    names.add(each.asname or module)
        elif isinstance(node, ast.ImportFrom) and node.module == module:
            parts |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and package and node.module == package:
            names |= {each.asname or last for each in node.names if each.name == last}
    return frozenset(names), parts


def _called(func: ast.expr, names: frozenset[str], parts: dict[str, str]) -> str:
    """Return which part of a module is called, empty if none is."""
    if isinstance(func, ast.Attribute):
        return func.attr if ast.unparse(func.value) in names else ""
    return parts.get(func.id, "") if isinstance(func, ast.Name) else ""
