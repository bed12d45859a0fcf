"""Arrays of numpy: what they are views of, and the objects in them."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.kind import Held, OpaqueKind, field

DEEPEST = 4
"""Rows within rows that are looked into."""


def _open_array(cls: Any, obj: Any) -> Held:
    """Return what a numpy array is a view of, and the objects in it."""
    base = field(cls, obj, "base")
    held = [] if base is None else [base]
    # As an array of the base class: a subclass may want to hear of each new one.
    return 0, held + _objects(cls, cls.view(obj, cls), DEEPEST)


def _objects(cls: Any, array: Any, depth: int) -> list[Any]:
    """Return the objects in a plain array, also those in the fields of its rows.

    Only those are there before and after: numpy makes all other values anew.
    """
    dtype = field(cls, array, "dtype")
    made_of = anatomy.mro(type(dtype))[-2]
    if field(made_of, dtype, "char") == "O":
        objects: list[Any] = cls.tolist(cls.ravel(array, "K"))
        return objects
    names = field(made_of, dtype, "names")
    if names is None or depth == 0 or not field(made_of, dtype, "hasobject"):
        return []
    parts = (cls.__getitem__(array, name) for name in names)
    return [each for part in parts for each in _objects(cls, part, depth - 1)]


KIND = OpaqueKind(("numpy.ndarray",), lambda: _open_array)
