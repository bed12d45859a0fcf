"""Arrays of numpy: what they are views of, and the objects in them."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.kind import Held, OpaqueKind, field


def _open_array(cls: Any, obj: Any) -> Held:
    """Return what a numpy array is a view of, and the objects in it."""
    base = field(cls, obj, "base")
    held = [] if base is None else [base]
    dtype = field(cls, obj, "dtype")
    if field(anatomy.mro(type(dtype))[-2], dtype, "char") != "O":
        return 0, held
    # As an array of the base class: a subclass may want to hear of each new one.
    plain = cls.view(obj, cls)
    return 0, held + plain.ravel("K").tolist()


KIND = OpaqueKind(("numpy.ndarray",), lambda: _open_array)
