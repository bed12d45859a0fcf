"""Tells from a syntax tree what becomes of what a call returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

Outcome = Literal["dropped", "returned", "awaited", "kept"]
"""``kept``: it is put somewhere, or given to somebody, who may wait for it."""

_WRAPPERS = frozenset(
    [
        *("wrap_future", "ensure_future", "create_task", "shield", "wait_for", "wait"),
        *("gather", "as_completed", "deferred_to_future", "maybe_deferred_to_future"),
        *("ensureDeferred", "ensure_awaitable", "deferred_from_coro", "fromFuture"),
        *("fromCoroutine", "DeferredList", "gatherResults", "maybeDeferred"),
    ]
)
"""What returns something to wait for in the place of something to wait for."""
_WAITERS = frozenset(["result", "get", "wait"])
"""The methods of what is under way that block until it is done."""
_PASSING = (
    *(ast.Starred, ast.keyword, ast.List, ast.Tuple, ast.Set, ast.IfExp, ast.BoolOp),
    *(ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.NamedExpr),
)


def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return of each node the one that it is part of."""
    return {
        child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
    }


def outcome_of(
    call: ast.AST, parents: dict[ast.AST, ast.AST], body: ast.AST
) -> Outcome:
    """Return what becomes of what ``call`` returns in the function ``body``."""
    node = call
    while (above := parents.get(node)) is not None and _goes_on(above, node):
        node = above
    if isinstance(above, ast.Assign | ast.AnnAssign):
        return _of_variable(_targets(above), parents, body)
    return next((end for kind, end in _ENDS if isinstance(above, kind)), "kept")


_ENDS: tuple[tuple[type[ast.AST], Outcome], ...] = (
    (ast.Await, "awaited"),
    (ast.Attribute, "awaited"),
    (ast.Return, "returned"),
    (ast.Yield, "returned"),
    (ast.YieldFrom, "returned"),
    (ast.Expr, "dropped"),
)


def _goes_on(above: ast.AST, node: ast.AST) -> bool:
    """Tell whether what is above has the same outcome: a method, or a wrapper of it."""
    if isinstance(above, ast.Attribute):
        return above.attr not in _WAITERS
    if isinstance(above, ast.Call):
        return node is above.func or last_name(above.func) in _WRAPPERS
    return isinstance(above, _PASSING)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _of_variable(
    targets: list[ast.expr], parents: dict[ast.AST, ast.AST], body: ast.AST
) -> Outcome:
    """Return what becomes of a variable: nothing, if only its methods are called."""
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    if len(names) < len(targets):
        return "kept"
    found = {outcome_of(use, parents, ast.Pass()) for use in _reads(body, names)}
    for outcome in ("awaited", "returned", "kept"):
        if outcome in found:
            return outcome
    return "dropped"


def _reads(body: ast.AST, names: list[str]) -> Iterator[ast.Name]:
    found = (node for node in ast.walk(body) if isinstance(node, ast.Name))
    return (
        node for node in found if node.id in names and isinstance(node.ctx, ast.Load)
    )
