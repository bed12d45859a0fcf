"""Tells whether what takes the place of a container is less than it was."""

from __future__ import annotations

import ast

from scrapy_leakwatch.explain.code.expressions import is_empty
from scrapy_leakwatch.foundation.lines import last_name

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_CHOOSERS = frozenset(["filter", "nlargest", "nsmallest"])
"""Functions that return some of their second argument."""


def is_less(value: ast.expr, target: ast.expr) -> bool:
    """Tell whether a value is empty, or a part of what it replaces."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Subscript) and is_same(value.value, target):
        return True
    if is_empty(value) and not _has(value, target):
        return True
    return _is_part(value, target)


def is_same(one: ast.expr, target: ast.expr) -> bool:
    """Tell whether an expression reads what ``target`` names."""
    return type(one) is type(target) and ast.unparse(one) == ast.unparse(target)


def _has(value: ast.expr, target: ast.expr) -> bool:
    parts = (part for part in ast.walk(value) if isinstance(part, ast.expr))
    return any(is_same(part, target) for part in parts)


def _is_part(value: ast.expr, target: ast.expr) -> bool:
    """Tell whether a value has some of the entries of ``target``, and not all."""
    made_of = [value]
    while made_of:
        each = made_of.pop()
        whole = _whole_of(each)
        if whole is not None and _has(whole, target):
            return True
        made_of += _sources(each)
    return False


def _whole_of(value: ast.expr) -> ast.expr | None:
    """Return what a value has some entries of."""
    if isinstance(value, _Comprehension):
        is_filtered = any(loop.ifs for loop in value.generators)
        return value.generators[0].iter if is_filtered else None
    if isinstance(value, ast.Subscript):
        return value.value if isinstance(value.slice, ast.Slice) else None
    if isinstance(value, ast.BinOp):
        return value.left if isinstance(value.op, ast.Sub | ast.BitAnd) else None
    if isinstance(value, ast.Call) and last_name(value.func) in _CHOOSERS:
        return next(iter(value.args[1:]), None)
    return None


def _sources(value: ast.expr) -> list[ast.expr]:
    """Return where the entries of a value come from, as far as is written there."""
    if isinstance(value, _Comprehension):
        return [value.generators[0].iter]
    if isinstance(value, ast.Call):
        method = value.func
        owner = [method.value] if isinstance(method, ast.Attribute) else []
        return [*owner, *value.args]
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    return _unpacked(value)


def _unpacked(value: ast.expr) -> list[ast.expr]:
    """Return what ``*`` and ``**`` put into a display such as ``[*rows, row]``."""
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return [each.value for each in value.elts if isinstance(each, ast.Starred)]
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return [each for key, each in pairs if key is None]
    return []
