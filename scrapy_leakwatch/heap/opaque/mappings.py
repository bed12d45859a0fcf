"""Memory that `mmap` has mapped, unless it is a file's."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.opaque.kind import NOTHING, Held, OpaqueKind


class _Mappings:
    """Reads the kernel's list of mappings once, where there is need of it."""

    def __init__(self) -> None:
        self._known: memory.Mappings | None = None

    def open(self, cls: type, obj: Any) -> Held:
        length = anatomy.namespace(cls)["__len__"](obj)
        struct = memory.body(obj, 2)
        if not struct or not struct[0] or struct[1] != length:
            return NOTHING
        if self._known is None:
            self._known = memory.Mappings()
        return (0 if self._known.is_of_a_file(struct[0]) else length), []


KIND = OpaqueKind(("mmap.mmap",), lambda: _Mappings().open)
