"""Tells whether a container's own class takes entries out of it."""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.explain.code.removals import REMOVERS
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_BASES = frozenset(["builtins", "collections"])
_CALLED_FROM_OUTSIDE = ONCE | REMOVERS
"""Methods that are no sign of it: they only do what somebody else asks for."""


def drops_its_own(container: Any) -> bool:
    """Tell whether the class evicts entries, as a dict that is an LRU cache does."""
    return any(map(_takes_out, _methods(type(container))))


def _methods(cls: type) -> Iterator[CodeType]:
    for each in anatomy.mro(cls):
        if anatomy.module(each) in _BASES:
            return
        for name, found in list(anatomy.namespace(each).items()):
            code = callables.code_of(found)
            if code is not None and name not in _CALLED_FROM_OUTSIDE:
                yield code


def _takes_out(code: CodeType) -> bool:
    return not REMOVERS.isdisjoint(code.co_names) or any(
        step.opname == "DELETE_SUBSCR" for step in dis.get_instructions(code)
    )
