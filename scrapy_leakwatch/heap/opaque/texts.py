"""The buffers of `io.StringIO`."""

from __future__ import annotations

import sys
from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.opaque.kind import NOTHING, Held, OpaqueKind

_UCS4 = 4
_KINDS = (1, 2, 4)
_GATHERING = 2
_INT = 0xFFFFFFFF


def _open_text(cls: type, obj: Any) -> Held:
    """Return the buffers of a StringIO (Modules/_io/stringio.c).

    It gathers text until somebody reads, then it has 4 bytes a character: up to
    Python 3.11 in lists of what was written, then in a writer, since 3.14 beside.
    """
    position = anatomy.namespace(cls)["tell"](obj)
    struct = memory.body(obj, 10)
    if not struct or struct[1] != position or not struct[0]:
        return NOTHING
    buffer = _UCS4 * struct[3]
    if struct[4] & _INT != _GATHERING:
        return buffer, []
    if sys.version_info < (3, 12):
        lists = [memory.object_at(struct[place], list) for place in (5, 6)]
        return buffer, [each for each in lists if each is not None]
    writer = struct[5:] if sys.version_info < (3, 14) else memory.words(struct[5], 5)
    room, written = writer[3:5]
    kind = writer[2] & _INT
    if kind not in _KINDS or not room >= written == struct[2]:
        return buffer, []
    return buffer + kind * room, []


KIND = OpaqueKind(("_io.StringIO",), lambda: _open_text)
