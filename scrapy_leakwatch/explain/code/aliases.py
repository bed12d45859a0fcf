"""Writes out the variables that are another name of an attribute.

So that ``queue = self.queue; queue.put(item)`` is read as ``self.queue.put(item)``.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from typing import TypeGuard

from scrapy_leakwatch.foundation.lines import MOST_FILES, tree_of

Function = ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache(maxsize=MOST_FILES)
def written_out(path: str) -> ast.AST | None:
    """Return the syntax tree of a file, without such names; None if it can't be had."""
    tree = tree_of(path)
    try:
        return None if tree is None else _InFunctions().visit(_copy_of(tree))
    except RecursionError:
        return tree


def _copy_of(tree: ast.AST) -> ast.AST:
    """Return a tree whose parts may be replaced; much faster than `copy.deepcopy`."""
    fields = {name: _copied(value) for name, value in ast.iter_fields(tree)}
    return ast.copy_location(type(tree)(**fields), tree)


def _copied(value: object) -> object:
    if isinstance(value, ast.AST):
        return _copy_of(value)
    return [_copied(each) for each in value] if isinstance(value, list) else value


class _InFunctions(ast.NodeTransformer):
    """Writes out the names of each function."""

    def __init__(self) -> None:
        self.known: dict[str, ast.Attribute] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node)

    def _inside(self, function: Function) -> ast.AST:
        before = self.known
        self.known = {**before, **_aliases(function)}
        try:
            return self.generic_visit(function)
        finally:
            self.known = before

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found = self.known.get(node.id)
        if found is None or not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(
            ast.Attribute(found.value, found.attr, ast.Load()), node
        )


def _aliases(function: Function) -> dict[str, ast.Attribute]:
    """Return the variables that are only ever one attribute."""
    names = [node.id for node in ast.walk(function) if _binds(node)]
    names += [node.arg for node in ast.walk(function) if isinstance(node, ast.arg)]
    times = Counter(names)
    return {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _is_path(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and times[target.id] == 1
    }


def _binds(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def _is_path(value: ast.expr) -> TypeGuard[ast.Attribute]:
    """Tell whether it is ``self.a.b``: names alone, and no call between them."""
    if not isinstance(value, ast.Attribute):
        return False
    inner: ast.expr = value
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    return isinstance(inner, ast.Name)
