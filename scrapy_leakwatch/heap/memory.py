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

_WORD = 8
KNOWN = (
    ctypes is not None
    and sys.implementation.name == "cpython"
    and HEAD == 2 * _WORD
    and ctypes.sizeof(ctypes.c_void_p) == _WORD
)
"""Whether an object's id is its address, and it begins as expected."""

_DELETED = " (deleted)"
_MAPS = Path("/proc/self/maps")


def words(address: int, count: int) -> list[int]:
    """Return ``count`` words that must be readable; none where that can't be done."""
    if not KNOWN or not address or address % _WORD:
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
    return ctypes.cast(address, ctypes.py_object).value


def thread_data() -> dict[Any, Any]:
    """Return what C code keeps for this thread; empty where that can't be read."""
    return object_at(_THREAD_DATA() or 0, dict) or {}


class Mappings:
    """The process's mappings, as the kernel listed them at this moment."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._paths: list[str] = []
        try:
            lines = _MAPS.read_text("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines:
            # address, permissions, offset, device, inode, path
            span, _, _, _, _, *path = line.split(None, 5)
            self._starts.append(int(span.partition("-")[0], 16))
            self._paths.append(path[0] if path else "")

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


def _thread_data() -> Any:
    if not KNOWN:
        return lambda: None
    # As an address: the reference is not the caller's.
    return ctypes.PYFUNCTYPE(ctypes.c_void_p)(
        ("PyThreadState_GetDict", ctypes.pythonapi)
    )


_USABLE = _usable_size()
_THREAD_DATA = _thread_data()
