"""Adds up the Python objects that `malloc` has: the large ones.

Reading an object takes a reference to it, which writes to its page. So the
child that does this may come to need as much memory as the crawl has.
"""

from __future__ import annotations

import gc
import sys
import time
from types import MethodDescriptorType
from typing import Any

from scrapy_leakwatch import anatomy

BATCH = 1000
_GC_HEADER = 16
_MODULE: Any = type.__dict__["__module__"]
_TRUSTED = sys.stdlib_module_names | {"builtins", "numpy"}
_CHUNK_HEADER = 8
_CHUNK_UNIT = 16
"""What glibc puts before a block, and rounds its size up to."""


def bytes_over(size: int, until: float) -> int | None:
    """Return what all objects over ``size`` bytes take from `malloc`.

    None where it is not done at ``until``, on the clock of `time.monotonic`.
    Runs no code of the crawl's classes.
    """
    gc.unfreeze()  # gc.get_objects leaves frozen objects out
    tracked = gc.get_objects()
    tally = _Tally(size)
    for start in range(0, len(tracked), BATCH):
        if time.monotonic() > until:
            return None
        batch = tracked[start : start + BATCH]
        tally.add(batch)
        tally.add_loose(_loose(batch))
    return tally.total


def _loose(objects: list[Any]) -> list[Any]:
    """Return what hangs on the objects and the collector does not list."""
    listed = gc.is_tracked
    return [
        obj for obj in gc.get_referents(*objects) if obj is not None and not listed(obj)
    ]


class _Tally:
    """The sum so far."""

    def __init__(self, size: int) -> None:
        self.total = 0
        self._over = size
        self._measures: dict[int, Any] = {}
        self._seen: set[int] = set()

    def add(self, objects: list[Any]) -> None:
        """Add objects that come only once."""
        measures = self._measures
        for obj in objects:
            measure = measures.get(id(type(obj))) or self._measure_of(type(obj))
            size = measure(obj) + _GC_HEADER
            if size > self._over:
                self.total += _chunk(size)

    def add_loose(self, objects: list[Any]) -> None:
        """Add objects that may come again, and what hangs on them."""
        while objects:
            inner = self._add_new(objects)
            self.add(inner)
            objects = _loose(inner)

    def _add_new(self, objects: list[Any]) -> list[Any]:
        """Add those that hold no others, and return the others."""
        measures, seen = self._measures, self._seen
        inner = []
        for obj in objects:
            kind = type(obj)
            if kind is tuple or kind is dict:
                if id(obj) not in seen:
                    seen.add(id(obj))
                    inner.append(obj)
                continue
            measure = measures.get(id(kind)) or self._measure_of(kind)
            size = measure(obj)
            if size > self._over and id(obj) not in seen:
                seen.add(id(obj))
                self.total += _chunk(size)
        return inner

    def _measure_of(self, kind: type) -> Any:
        measure = self._measures[id(kind)] = _measure(kind)
        return measure


def _measure(kind: type) -> Any:
    """Return what sizes an instance at the C level, as its nearest base does.

    Of extensions only numpy's is trusted to be no more than a sum.
    """
    for cls in anatomy.mro(kind):
        measure = anatomy.namespace(cls).get("__sizeof__")
        if type(measure) is MethodDescriptorType and _is_trusted(cls):
            return measure
    return object.__sizeof__


def _is_trusted(cls: type) -> bool:
    module = _MODULE.__get__(cls)
    return type(module) is str and module.partition(".")[0] in _TRUSTED


def _chunk(size: int) -> int:
    return (size + _CHUNK_HEADER + _CHUNK_UNIT - 1) // _CHUNK_UNIT * _CHUNK_UNIT
