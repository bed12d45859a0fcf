"""The names that libxml2 keeps for lxml: of each tag and attribute it ever parsed.

A thread has one dictionary for all its documents, which goes with the thread.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.opaque.kind import NOTHING, Held, OpaqueKind

TABLE = "lxml.etree._ParserDictionaryContext"
_POINTER = 1
"""The word that points to the dictionary, after that for Cython's methods."""
_WORDS = 5
_INT = 0xFFFFFFFF
_MOST_POOLS = 100
"""Each has four times the room of the one before it."""
_OPEN_ADDRESSED = (2, 12)
"""The version of libxml2 from which on an entry is a hash and a pointer."""
_ENTRY, _CHAINED_ENTRY = 16, 40


class Names(NamedTuple):
    """A dictionary: where it is, how many names it has, and the bytes of all."""

    address: int
    number: int
    bytes: int


def names_of(context: Any) -> Names | None:
    """Return the dictionary of a thread; None where it isn't as expected (dict.c)."""
    words = memory.body(context, _POINTER + 1)
    address = words[_POINTER] if words else 0
    dictionary = memory.words(address, _WORDS)
    if not dictionary:
        return None
    _, table, size, count, pool = dictionary
    count &= _INT
    texts = _pools_bytes(pool) if pool else 0
    if not table or texts is None:
        return None
    return Names(address, count, texts + _table_bytes(size, count))


def _pools_bytes(pool: int) -> int | None:
    """Return what the texts take: of the room of the last one most was never used."""
    total = 0
    for _ in range(_MOST_POOLS):
        words = memory.words(pool, _WORDS)
        if not words:
            return None
        following, free, end, size, _ = words
        start = pool + 8 * _WORDS
        if end - start != size or not start <= free <= end:
            return None
        total += free - pool
        if not following:
            return total
        pool = following
    return None


def _table_bytes(size: int, count: int) -> int:
    if _version() >= _OPEN_ADDRESSED:
        return _ENTRY * size
    beside = max(count - size, 0)
    return _CHAINED_ENTRY * size + memory.chunk(_CHAINED_ENTRY) * beside


def _version() -> tuple[int, ...]:
    namespace = anatomy.own_dict(sys.modules.get("lxml.etree")) or {}
    found = namespace.get("LIBXML_VERSION")
    return found if type(found) is tuple else ()


class _Dictionaries:
    """The dictionaries that were met: a thread may have that of another one."""

    def __init__(self) -> None:
        self._met: set[int] = set()

    def open(self, _: type, obj: Any) -> Held:
        found = names_of(obj)
        if found is None or found.address in self._met:
            return NOTHING
        self._met.add(found.address)
        return found.bytes, []


def _parts(context: Any) -> tuple[str, int] | None:
    found = names_of(context)
    return None if found is None else ("names", found.number)


KIND = OpaqueKind((TABLE,), lambda: _Dictionaries().open, _parts)
