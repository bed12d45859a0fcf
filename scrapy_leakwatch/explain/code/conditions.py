"""Tells from a syntax tree under which condition a statement is reached."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.code.expressions import names_in
from scrapy_leakwatch.foundation import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 60
"""Characters of a condition that are told."""
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def condition_of(
    node: ast.AST, parents: dict[ast.AST, ast.AST], body: ast.AST, name: str
) -> str:
    """Return what must be so for ``node`` to be reached in the function ``body``.

    Empty where nothing must, or what is in ``name`` itself, as its length.
    """
    for test, holds in _conditions(node, parents, body):
        if name not in names_in(test):
            return redact.code(ast.unparse(test if holds else _negated(test)), LONGEST)
    return ""


def _conditions(
    node: ast.AST, parents: dict[ast.AST, ast.AST], body: ast.AST
) -> Iterator[tuple[ast.expr, bool]]:
    """Yield each test on the way to ``node``, and whether it must hold."""
    while node is not body and (above := parents.get(node)) is not None:
        if isinstance(above, ast.If) and node is not above.test:
            yield above.test, node in above.body
        yield from ((each.test, False) for each in _guards(above, node))
        node = above


def _guards(above: ast.AST, node: ast.AST) -> Iterator[ast.If]:
    """Yield the statements before ``node`` that leave the function if a test holds."""
    siblings = getattr(above, "body", [])
    if not isinstance(siblings, list) or node not in siblings:
        return
    for each in siblings[: siblings.index(node)]:
        if isinstance(each, ast.If) and isinstance(each.body[-1], _LEAVING):
            yield each


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    opposite = (
        _OPPOSITES.get(type(test.ops[0])) if isinstance(test, ast.Compare) else None
    )
    if opposite is not None and isinstance(test, ast.Compare) and len(test.ops) == 1:
        return ast.Compare(test.left, [opposite()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
