"""What the two allocators have: Python's own (pymalloc) and the C library's.

Python keeps objects up to 512 bytes in arenas, which it maps itself, so that
the C library does not count them; it asks `malloc` for everything larger.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from scrapy_leakwatch.foundation.cgroups import read

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

SMALL = 512
"""Up to here an object is in an arena (Objects/obmalloc.c)."""

_ARENAS = re.compile(r"^\d+ arenas \* \d+ bytes/arena\s*=\s*([\d,]+)$", re.M)
_BLOCKS = re.compile(r"^# bytes in available blocks\s*=\s*([\d,]+)$", re.M)
_POOLS = re.compile(r"^\d+ unused pools \* \d+ bytes\s*=\s*([\d,]+)$", re.M)
_OTHER = re.compile(r"block threshold|mimalloc", re.I)
_STATS_SIZE = 65_536
_STDERR = 2
_PROBE = 100_000
_INT_MAX = 2**31 - 1
_DATA = 5
_M_MMAP_THRESHOLD = -3
_LARGE = 65_536


class Arenas(NamedTuple):
    """Bytes that pymalloc has from the system, and those of them in no use."""

    size: int
    free: int


class MallocHeap(NamedTuple):
    """Bytes that `malloc` gave out, and those that it keeps for later."""

    used: int
    free: int


def _libc() -> Any:
    """Return the process's own symbols, so that a preloaded malloc comes first."""
    try:
        return ctypes.CDLL(None)
    except (AttributeError, OSError, TypeError):
        return None


def _function(name: str, returns: Any, *takes: Any) -> Any:
    found = getattr(_LIBC, name, None)
    if found is not None:
        found.restype, found.argtypes = returns, takes
    return found


def _mallinfo(number: Any) -> Any:
    """Return the C library's record, with its numbers of that type."""
    fields = (
        "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    )
    names = [(name, number) for name in fields.split(" ")]
    return type("Mallinfo", (ctypes.Structure,), {"_fields_": names})


_LIBC = _libc()
_MALLINFO2: Any = None
_MALLINFO: Any = None
_TRIM: Any = None
_MALLOC: Any = None
_FREE: Any = None
_TUNE: Any = None
if ctypes is not None:
    _MALLINFO2 = _function("mallinfo2", _mallinfo(ctypes.c_size_t))
    _MALLINFO = _function("mallinfo", _mallinfo(ctypes.c_int))
    _TRIM = _function("malloc_trim", ctypes.c_int, ctypes.c_size_t)
    _MALLOC = _function("malloc", ctypes.c_void_p, ctypes.c_size_t)
    _FREE = _function("free", None, ctypes.c_void_p)
    _TUNE = _function("mallopt", ctypes.c_int, ctypes.c_int, ctypes.c_int)


def arenas() -> Arenas | str:
    """Return what pymalloc has, or why that is not known.

    Python only prints it, to the C library's stderr, which is led into a pipe
    for that moment: for a child process. It holds no arena where it was told
    to use malloc for everything (``PYTHONMALLOC=malloc``).
    """
    return _parsed(_printed_stats())


def heap() -> MallocHeap | str:
    """Return what `malloc` has, or why that is not known.

    A block given out counts whole, also where nothing was ever written to it.
    """
    if _MALLINFO2 is None and _MALLINFO is None:
        return "the C library does not tell what malloc has"
    if not _is_in_charge():
        return "another malloc is in charge"
    if _MALLINFO2 is None and _writable() > _INT_MAX:
        return "the C library can't count beyond 2 GB before glibc 2.33"
    return _read()


def trim() -> bool:
    """Give free pages back to the system; False where malloc can't do that."""
    if _TRIM is None:
        return False
    _TRIM(0)
    return True


def keep_no_large() -> None:
    """Have large blocks go back to the system when they are freed; for a child.

    A table that grows is otherwise left behind in several sizes, for malloc takes
    more and more for small. Nothing happens where malloc can't be told.
    """
    if _TUNE is not None:
        _TUNE(_M_MMAP_THRESHOLD, _LARGE)


def _read() -> MallocHeap:
    found = (_MALLINFO2 or _MALLINFO)()
    return MallocHeap(found.uordblks + found.hblkhd, found.fordblks)


def _is_in_charge() -> bool:
    """Tell whether the malloc that is in use is the one that counts.

    With jemalloc preloaded the numbers are still those of the C library.
    """
    before = _read().used
    block = _MALLOC(_PROBE)
    counted = _read().used - before
    _FREE(block)
    return bool(counted > _PROBE // 2)  # meanwhile Python frees a little


def _writable() -> int:
    """Return the size of the process's writable memory."""
    sizes = read(Path("/proc/self/statm")).split()
    return int(sizes[_DATA]) * mmap.PAGESIZE if sizes else _INT_MAX + 1


def _printed_stats() -> str:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    stderr = os.dup(_STDERR)
    try:
        os.dup2(writer, _STDERR)
        sys._debugmallocstats()
    finally:
        os.dup2(stderr, _STDERR)
        for each in (stderr, writer):
            os.close(each)
    printed = b""
    while len(printed) < _STATS_SIZE and (chunk := os.read(reader, _STATS_SIZE)):
        printed += chunk
    os.close(reader)
    return printed.decode("ascii", "replace")


def _parsed(stats: str) -> Arenas | str:
    found = [pattern.search(stats) for pattern in (_ARENAS, _BLOCKS, _POOLS)]
    numbers = [int(each[1].replace(",", "")) for each in found if each]
    if len(numbers) == len(found):
        size, blocks, pools = numbers
        return Arenas(size, blocks + pools)
    if numbers or _OTHER.search(stats):
        return "this Python's allocator is not known"
    return Arenas(0, 0)
