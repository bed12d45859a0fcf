"""Finds where a thing of the project is handed to what may add to it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.code.expressions import (
    Expression,
    arguments,
    base_among,
    names_in,
    statements,
    used,
)
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKERS = frozenset(
    [
        *("len", "str", "repr", "print", "type", "id", "bool", "hash", "vars"),
        *("isinstance", "getattr", "hasattr", "iter", "next", "enumerate", "zip"),
        *("map", "filter", "list", "tuple", "set", "frozenset", "dict", "sorted"),
        *("reversed", "sum", "min", "max", "any", "all", "getsizeof"),
        *("copy", "deepcopy", "asdict", "dumps", "tostring", "tostringlist"),
        *("debug", "info", "warning", "error", "exception", "critical", "log"),
    ]
)
"""Functions that look at what they are given, or copy it."""


def handed(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where a function gets what ``name`` is, and something else to put there.

    As ``etree.SubElement(self.root, "page")`` and ``pickle.dump(item, self.out)`` do;
    and where what was made around it gets something, such as a ``csv.writer``.
    """
    found = []
    for node, scope, _ in statements(tree):
        if isinstance(node, ast.Assign):
            for wrapper in _wrappers(node, name, is_global):
                found += used(tree, wrapper, is_global=False)
        elif isinstance(node, ast.Call) and scope.function not in ONCE:
            base = _base_of_argument(node, name, is_global)
            if base is not None and _may_add(node):
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node), adds=False))
    return found


def _wrappers(node: ast.Assign, name: str, is_global: bool) -> Iterator[str]:
    """Yield the attributes that an assignment fills with what is made around it."""
    made = node.value
    if not isinstance(made, ast.Call):
        return
    if _base_of_argument(made, name, is_global) is not None:
        yield from (one.attr for one in node.targets if isinstance(one, ast.Attribute))


def _base_of_argument(call: ast.Call, name: str, is_global: bool) -> str | None:
    """Return whose ``name`` an argument is, None where none is."""
    given = arguments(call)
    things = (each for each in given if isinstance(each, ast.Attribute | ast.Name))
    return base_among(things, name, is_global)


def _may_add(call: ast.Call) -> bool:
    """Tell whether a call has something to add: ``print`` has, with ``file=``."""
    if not arguments(call)[1:]:
        return False
    into_file = any(keyword.arg == "file" for keyword in call.keywords)
    return into_file or last_name(call.func) not in _LOOKERS
