"""What SQLite keeps in memory for a connection, which may be a whole database."""

from __future__ import annotations

import os
import sys
from typing import Any

from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.opaque.kind import OpaqueKind

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

_CACHE_USED = 1
_LRU_MUTEX = 6
_OK = 0


def cache_bytes(connection: Any) -> int:
    """Return the size of a connection's page cache; 0 where that isn't known.

    SQLite locks what it counts. Where another thread was at work with this
    connection at the fork, the lock is held for ever: then it isn't asked.
    """
    handle = memory.body(connection, 1)
    library = _library()
    if library is None or not handle or not handle[0]:
        return 0
    try:
        return _ask(library, ctypes.c_void_p(handle[0]))
    except AttributeError:  # this library has no such function
        return 0


def _library() -> Any:
    """Return the functions of the library that `sqlite3` has loaded."""
    module = sys.modules.get("_sqlite3")
    if module is None or ctypes is None or not hasattr(os, "RTLD_NOLOAD"):
        return None
    path = getattr(module, "__file__", None)  # None where it's a part of Python
    try:
        return ctypes.CDLL(path, mode=os.RTLD_NOLOAD if path else ctypes.DEFAULT_MODE)
    except OSError:
        return None


def _ask(library: Any, handle: Any) -> int:
    library.sqlite3_db_mutex.restype = ctypes.c_void_p
    library.sqlite3_mutex_alloc.restype = ctypes.c_void_p
    own = ctypes.c_void_p(library.sqlite3_db_mutex(handle))
    shared = ctypes.c_void_p(library.sqlite3_mutex_alloc(_LRU_MUTEX))
    if library.sqlite3_mutex_try(own) != _OK:
        return 0
    used = 0
    if library.sqlite3_mutex_try(shared) == _OK:
        library.sqlite3_mutex_leave(shared)
        used = _status(library, handle)
    library.sqlite3_mutex_leave(own)
    return used


def _status(library: Any, handle: Any) -> int:
    now, highest = ctypes.c_int(), ctypes.c_int()
    told = library.sqlite3_db_status(
        handle, _CACHE_USED, ctypes.byref(now), ctypes.byref(highest), 0
    )
    return now.value if told == _OK and now.value > 0 else 0


KIND = OpaqueKind(
    ("sqlite3.Connection",), lambda: lambda _, obj: (cache_bytes(obj), [])
)
