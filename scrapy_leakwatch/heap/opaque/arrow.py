"""The buffers behind pyarrow's objects, which no Python object shows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.kind import Held, OpaqueKind

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARIES = {"pyarrow", "pandas"}


class Buffers:
    """The buffers that were met; slices and copies of a table share theirs."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def bytes_of(self, cls: type, obj: Any) -> int:
        """Return the bytes of ``obj``, of pyarrow's ``cls``, that were not met yet."""
        parts = anatomy.namespace(cls)
        if "address" in parts:
            return self._add(obj)
        if "buffers" in parts:
            return sum(map(self._add, parts["buffers"](obj)))
        if _asks_strangers():
            return int(parts["get_total_buffer_size"](obj))
        if "chunk" in parts:
            count = parts["num_chunks"].__get__(obj)
            each = [parts["chunk"](obj, place) for place in range(count)]
            part = _class("Array")
        else:
            count = parts["num_columns"].__get__(obj)
            each = [parts["_column"](obj, place) for place in range(count)]
            part = _class("ChunkedArray" if cls is _class("Table") else "Array")
        return sum(self.bytes_of(part, one) for one in each)

    def _add(self, buffer: Any) -> int:
        if buffer is None:  # a column without nulls has no mask
            return 0
        parts = anatomy.namespace(_class("Buffer"))
        address = parts["address"].__get__(buffer)
        if not address or address in self._seen:
            return 0
        self._seen.add(address)
        return int(parts["size"].__get__(buffer))


def _class(name: str) -> Any:
    return anatomy.attribute(sys.modules.get("pyarrow.lib"), name)


def _asks_strangers() -> bool:
    """Tell whether wrapping an array may run code of who defined its type."""
    kinds = [_class("ExtensionType")]
    while kinds:
        for kind in type.__subclasses__(kinds.pop()):
            if anatomy.module(kind).partition(".")[0] not in _LIBRARIES:
                return True
            kinds.append(kind)
    return False


def _opener() -> Callable[[type, Any], Held]:
    buffers = Buffers()
    return lambda cls, obj: (buffers.bytes_of(cls, obj), [])


KIND = OpaqueKind(
    (
        "pyarrow.lib.Array",
        "pyarrow.lib.Buffer",
        "pyarrow.lib.ChunkedArray",
        "pyarrow.lib.RecordBatch",
        "pyarrow.lib.Table",
    ),
    _opener,
)
