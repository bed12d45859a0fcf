"""Looks into objects that hold what they do not show to the collector.

For a forked child. Nothing is imported here, as another thread may have held
the import lock at the fork, and no method is called that a crawl's class might
define: each is taken from the package's own class.
"""

from __future__ import annotations

import sys
from types import MethodDescriptorType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy
from scrapy_leakwatch.heap import arrow, memory, sizes, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable

Found = tuple[int, list[Any]]
"""Bytes beyond what ``__sizeof__`` told, and the objects held."""

NOTHING: Found = (0, [])
_STATIC = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class statement makes no other type
_WIDTHS = {"1": 1, "L": 1, "P": 1}
_UCS4 = 4
_KINDS = (1, 2, 4)
_GATHERING = 2
_INT = 0xFFFFFFFF


class Opener:
    """Opens the objects of one heap, and counts each buffer once."""

    def __init__(self) -> None:
        self._buffers = arrow.Buffers()
        self._mappings: memory.Mappings | None = None
        self._ways: dict[str, Callable[[type, Any], Found]] = {
            "numpy.ndarray": _open_array,
            "pyarrow.lib.Array": self._open_arrow,
            "pyarrow.lib.Buffer": self._open_arrow,
            "pyarrow.lib.ChunkedArray": self._open_arrow,
            "pyarrow.lib.RecordBatch": self._open_arrow,
            "pyarrow.lib.Table": self._open_arrow,
            "polars.dataframe.frame.DataFrame": _open_polars,
            "polars.series.series.Series": _open_polars,
            "builtins.ImagingCore": _open_image,
            "mmap.mmap": self._open_mapping,
            "_io.StringIO": _open_text,
            "sqlite3.Connection": _open_database,
        }

    def open_up(self, obj: Any) -> Found:
        """Return the bytes of ``obj`` not yet counted, and the objects it holds unseen.

        What can't be told for sure is 0. Any error of the packages that are asked
        is one more reason not to know.
        """
        for cls in anatomy.mro(type(obj)):
            path = sizes.path_of(cls)
            try:
                way = self._ways.get(path)
                if way is not None and is_genuine(cls, path):
                    return way(cls, obj)
            except (AttributeError, TypeError, ValueError, OverflowError, OSError):
                return NOTHING
        return NOTHING

    def _open_arrow(self, cls: type, obj: Any) -> Found:
        return self._buffers.bytes_of(cls, obj), []

    def _open_mapping(self, cls: type, obj: Any) -> Found:
        length = anatomy.namespace(cls)["__len__"](obj)
        struct = memory.body(obj, 2)
        if not struct or not struct[0] or struct[1] != length:
            return NOTHING
        if self._mappings is None:
            self._mappings = memory.Mappings()
        return (0 if self._mappings.is_of_a_file(struct[0]) else length), []


def open_up(obj: Any) -> Found:
    """Open one object, whatever was opened before; see `Opener.open_up`."""
    return Opener().open_up(obj)


def is_genuine(cls: type, path: str) -> bool:
    """Tell whether ``cls`` is what the loaded module has at ``path``."""
    if path == "builtins.ImagingCore":  # no module has it, and no class statement
        return "PIL._imaging" in sys.modules and not _flags(cls) & _STATIC
    home, _, name = path.rpartition(".")
    table = anatomy.own_dict(sys.modules.get(home))
    return table is not None and table.get(name) is cls


def _flags(cls: type) -> int:
    return int(type.__dict__["__flags__"].__get__(cls))


def _field(cls: type, obj: Any, name: str) -> Any:
    """Return an attribute that ``cls`` has in C; anything else is a TypeError."""
    descriptor = anatomy.namespace(cls).get(name)
    if not anatomy.is_descriptor(descriptor):
        raise TypeError(name)
    return descriptor.__get__(obj)  # type: ignore[union-attr]


def _open_array(cls: Any, obj: Any) -> Found:
    """Return what a numpy array is a view of, and the objects in it."""
    base = _field(cls, obj, "base")
    held = [] if base is None else [base]
    dtype = _field(cls, obj, "dtype")
    if _field(anatomy.mro(type(dtype))[-2], dtype, "char") != "O":
        return 0, held
    # As an array of the base class: a subclass may want to hear of each new one.
    plain = cls.view(obj, cls)
    return 0, held + plain.ravel("K").tolist()


def _open_polars(_: type, obj: Any) -> Found:
    inner = anatomy.attribute(obj, "_df")
    if inner is None:
        inner = anatomy.attribute(obj, "_s")
    measure = anatomy.namespace(type(inner)).get("estimated_size")
    if type(measure) is not MethodDescriptorType:
        return NOTHING
    return int(measure(inner)), []


def _open_image(cls: type, obj: Any) -> Found:
    """Return a picture's rows, and the table of them (Pillow's Storage.c)."""
    width, height = _field(cls, obj, "size")
    mode = _field(cls, obj, "mode")
    pixel = 2 if mode.startswith("I;16") else _WIDTHS.get(mode, 4)
    row = (width * pixel + 3) // 4 * 4
    return height * (row + 8), []


def _open_text(cls: type, obj: Any) -> Found:
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


def _open_database(_: type, obj: Any) -> Found:
    return sqlite.cache_bytes(obj), []
