"""Finds in the source where all that was collected is sent at once, at the end."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.code.expressions import (
    Expression,
    arguments,
    base_among,
    names_in,
    statements,
)
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_SENDERS = frozenset(
    [
        "add_all",
        "async_bulk",
        "bulk",
        "bulk_create",
        "bulk_insert_mappings",
        "bulk_save_objects",
        "bulk_write",
        "copy_records_to_table",
        "execute_batch",
        "execute_values",
        "executemany",
        "insert_many",
        "insert_multiple",
        "insert_rows",
        "insert_rows_json",
        "parallel_bulk",
        "put_records",
        "streaming_bulk",
        "writerows",
    ]
)
"""Functions that take many rows, and may as well be called for some of them."""
_COPIERS = frozenset(["list", "tuple", "sorted"])


def sent_at_end(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where all of what ``name`` is goes to a database or a file as one."""
    found = []
    for node, scope, _ in statements(tree):
        if scope.function not in ONCE or not isinstance(node, ast.Call):
            continue
        if last_name(node.func) not in _SENDERS:
            continue
        base = base_among(_given(node), name, is_global)
        if base is not None:
            place = (node.lineno, scope.class_name, scope.function)
            found.append(Expression(*place, base, names_in(node)))
    return found


def _given(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the arguments of a call, and what they are copies of."""
    for each in arguments(call):
        given = each.value if isinstance(each, ast.Starred) else each
        if isinstance(given, ast.Call) and last_name(given.func) in _COPIERS:
            yield from given.args[:1]
        else:
            yield given
