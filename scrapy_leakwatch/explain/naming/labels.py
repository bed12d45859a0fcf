"""What a report calls an object that has no name of its own."""

from __future__ import annotations

import sys
from types import FunctionType, MethodType
from typing import Any

from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.foundation import anatomy, redact


def label(obj: Any) -> str:
    """Return what a report calls an object without a name of its own."""
    if type(obj) is MethodType:
        return method_name(obj)
    kind = _class_name(type(obj))
    name = callables.function_name(obj)
    if type(obj) is FunctionType:
        return redact.text(name)
    return redact.text(f"{kind} {name}" if name else kind)


def _class_name(cls: type) -> str:
    """Return the name by which a class is imported.

    Scrapy's queues are all called alike, and go by other names in their module.
    """
    name = anatomy.name(cls)
    namespace = anatomy.own_dict(sys.modules.get(anatomy.module(cls)))
    if type(namespace) is not dict or dict.get(namespace, name) is cls:
        return name
    bound = (each for each, value in dict.items(namespace) if value is cls)
    return next((each for each in bound if not each.startswith("_")), name)


def method_name(method: MethodType) -> str:
    """Return ``Class.function`` of a bound method."""
    code = callables.code_of(method)
    name = code.co_name if code is not None else "?"
    return redact.text(f"{anatomy.name(type(method.__self__))}.{name}")
