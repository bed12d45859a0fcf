"""Tells what the code of a class means by a name: the very object or another."""

from __future__ import annotations

import gc
import sys
from types import CellType, CoroutineType, FunctionType, MethodType
from typing import Any

from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.observe.resources.naming import code_of


def function(cls: type, use: Any) -> bool:
    """Tell whether ``use`` is a plain function that the module of ``cls`` knows."""
    if type(use) is not FunctionType and type(use) is not CoroutineType:
        return False
    code = code_of(use)
    known = _known(cls, code.co_name) if code is not None else None
    return type(known) is FunctionType and known.__code__ is code


def maker(cls: type, use: Any) -> str:
    """Return the name of the project's class that made what is called or served.

    Empty where the module of ``cls`` knows no such class.
    """
    made = type(bound(use))
    name = anatomy.name(made)
    if places.origin_of_class(made) != "project" or _known(cls, name) is not made:
        return ""
    return name


def has(cls: type, name: str, value: Any) -> bool:
    """Tell whether ``value`` is what a class or its module has by that name."""
    tables = [anatomy.namespace(base) for base in anatomy.mro(cls)]
    in_class = any(table.get(name) is value for table in tables)
    return in_class or _known(cls, name) is value


def family(cls: type) -> tuple[type, ...]:
    """Return ``cls`` and its bases in the project: those whose source is read."""
    return tuple(
        base
        for base in anatomy.mro(cls)
        if base is cls or places.origin_of_class(base) == "project"
    )


def instances(cls: type, uses: tuple[Any, ...]) -> bool:
    """Tell whether a callable has one of ``cls`` or of a class with a common base.

    It may be bound or in its closure.
    """
    related = family(cls)
    for use in uses:
        cells = use.__closure__ or () if type(use) is FunctionType else ()
        inside = [cell.cell_contents for cell in cells if _is_filled(cell)]
        if any(anatomy.is_a(each, *related) for each in (use, bound(use), *inside)):
            return True
    return False


def _is_filled(cell: CellType) -> bool:
    return bool(gc.get_referents(cell))


def bound(use: Any) -> Any:
    """Return the object that a method is bound to, or ``use`` itself."""
    return use.__self__ if type(use) is MethodType else use


def _known(cls: type, name: str) -> Any:
    module = anatomy.own_dict(sys.modules.get(anatomy.module(cls)))
    return dict.get(module, name) if module is not None else None
