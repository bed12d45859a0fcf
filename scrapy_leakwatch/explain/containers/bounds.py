"""Finds the bound of a container, wherever it is written."""

from __future__ import annotations

from collections import deque
from functools import _lru_cache_wrapper
from typing import Any

from scrapy_leakwatch.foundation import anatomy

NAMES = (
    "maxlen",
    "maxsize",
    "max_size",
    "limit",
    "capacity",
    "maxentries",
    "max_entries",
)
"""How people call it; each also behind one or two underscores."""

NO_BOUND = 2**31 - 1
"""No more than that says that there is none: `multiprocessing.Queue` without one."""

REACH = 5
"""Objects on the way to the container that may have its bound."""

_MAXLEN = deque.__dict__["maxlen"]


def bound_of(way: tuple[Any, ...]) -> int | None:
    """Return how many entries the container at the end of ``way`` may have.

    The bound is its own, its class's, or that of an object around it; None where
    there is none. An owner, the first of ``way``, has other limits as well.
    """
    for obj in reversed(way[-REACH:] if len(way) > REACH else way[1:] or way):
        found = own_bound(obj)
        if found is not None:
            return found
    return None


def is_within(way: tuple[Any, ...]) -> bool:
    """Tell whether a container among the last of ``way`` has a bound and keeps it.

    The bound may be that of an object around the container.
    """
    for number, obj in enumerate(way):
        bound = own_bound(obj)
        if bound is not None:
            parts = (*way[number : number + REACH], *_tables(obj))
            return max(map(anatomy.size, parts), default=0) <= bound
    return False


def _tables(obj: Any) -> list[Any]:
    """Return the containers that an object has as its attributes."""
    if anatomy.size(obj):
        return [obj]
    return [value for _, value in anatomy.attributes(obj) if anatomy.size(value)]


def own_bound(obj: Any) -> int | None:
    """Return the bound that an object has itself."""
    found = _said(obj)
    return None if found is None or found >= NO_BOUND else found


def _said(obj: Any) -> int | None:
    if anatomy.is_a(obj, deque):
        most: int | None = _MAXLEN.__get__(obj)
        return most
    if type(obj) is _lru_cache_wrapper:
        return _lru_cache_wrapper.cache_info(obj).maxsize
    if any(type(obj) is kind for kind in (dict, list, set, tuple, frozenset)):
        return None
    for name in NAMES:
        for spelt in (name, f"_{name}", *_mangled(obj, name)):
            found = anatomy.attribute(obj, spelt)
            if found is None:
                found = _of_class(type(obj), spelt)
            if type(found) is int and found > 0:
                return found
    return None


def _mangled(obj: Any, name: str) -> list[str]:
    """Return how ``__name`` is called in each class of an object."""
    return [
        f"_{anatomy.name(cls).lstrip('_')}__{name}"
        for cls in anatomy.mro(type(obj))
        if cls is not object
    ]


def _of_class(cls: type, name: str) -> Any:
    for each in anatomy.mro(cls):
        if name in anatomy.namespace(each):
            return anatomy.namespace(each)[name]
    return None
