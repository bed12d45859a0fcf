"""Reads words of memory, where a struct of CPython's is known well enough."""

from __future__ import annotations

import sys
from bisect import bisect_right
from pathlib import Path
from typing import Any

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

HEAD = object.__basicsize__
"""What each object begins with: a reference count and its type."""

WORD = 8
"""Bytes of a word, where `KNOWN`."""
KNOWN = (
    ctypes is not None
    and sys.implementation.name == "cpython"
    and HEAD == 2 * WORD
    and ctypes.sizeof(ctypes.c_void_p) == WORD
)
"""Whether an object's id is its address, and it begins as expected."""

_DELETED = " (deleted)"
_MAPS = Path("/proc/self/maps")


def words(address: int, count: int) -> list[int]:
    """Return ``count`` words that must be readable; none where that can't be done."""
    if not KNOWN or not address or address % WORD:
        return []
    return list((ctypes.c_uint64 * count).from_address(address))


def body(obj: Any, count: int) -> list[int]:
    """Return the words of an object after its head; its basic size must have them."""
    return words(id(obj) + HEAD, count)


def object_at(address: int, cls: type) -> Any:
    """Return the object at ``address`` where that is exactly a ``cls``, else None."""
    head = words(address, 2)
    if not head or head[1] != id(cls):
        return None
    return anything_at(address)


def anything_at(address: int) -> Any:
    """Return the object at ``address``, where there must be one."""
    return ctypes.cast(address, ctypes.py_object).value


def interpreter() -> int:
    """Return where the interpreter's state is, 0 where that isn't known."""
    return _INTERPRETER() or 0


def thread_data() -> dict[Any, Any]:
    """Return what C code keeps for this thread; empty where that can't be read."""
    return object_at(_THREAD_DATA() or 0, dict) or {}


class Mappings:
    """The process's mappings, as the kernel listed them at this moment."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._paths: list[str] = []
        try:
            lines = _MAPS.read_text("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines:
            # address, permissions, offset, device, inode, path
            span, access, _, _, _, *path = line.split(None, 5)
            start, end = (int(edge, 16) for edge in span.split("-"))
            self._starts.append(start)
            self._ends.append(end if access[0] == "r" else start)
            self._paths.append(path[0] if path else "")

    def words(self, address: int, count: int) -> list[int]:
        """Return ``count`` words; none where not all of them can be read."""
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address + WORD * count > self._ends[place]:
            return []
        return words(address, count)

    def is_of_a_file(self, address: int) -> bool:
        """Tell whether a file is mapped there; True where that isn't known."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return True
        path = self._paths[place]
        return path.startswith("/") and path != f"/dev/zero{_DELETED}"


def text(address: int) -> bytes:
    """Return the string of C at ``address``."""
    return ctypes.string_at(address)


def chunk(size: int) -> int:
    """Return what glibc takes for a block: a word before it, in units of 16."""
    return max((size + 8 + 15) // 16 * 16, 32)


def block_bytes(address: int, least: int) -> int:
    """Return what a block takes that malloc gave; it may have twice the room."""
    if _USABLE is not None:
        usable = int(_USABLE(address))
        if least <= usable <= 2 * least + 4096:
            return chunk(usable)
    return chunk(least)


def _usable_size() -> Any:
    try:
        found = ctypes.CDLL(None).malloc_usable_size
    except (AttributeError, OSError, TypeError):
        return None
    found.restype, found.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    return found


def _address_of(name: str) -> Any:
    """Return a function of Python's own that takes nothing, and returns a pointer."""
    if not KNOWN:
        return lambda: None
    return ctypes.PYFUNCTYPE(ctypes.c_void_p)((name, ctypes.pythonapi))


_USABLE = _usable_size()
_THREAD_DATA = _address_of("PyThreadState_GetDict")
_INTERPRETER = _address_of("PyInterpreterState_Get")
