"""What the twin needs of one object: its size and what it refers to."""

from __future__ import annotations

import builtins
import gc
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

UNIT = 16
"""What the allocators round sizes up to; sizes are kept in such units."""

_HAVE_GC = 1 << 14
_MANAGED_WEAKREF = 1 << 3
_MANAGED_DICT = 1 << 4
_INLINE_VALUES = 1 << 2
_GC_HEAD = 16
_DICTS: list[Any] = [dict]
if hasattr(builtins, "frozendict"):  # Python 3.15
    _DICTS.append(builtins.frozendict)
_FLAGS: Any = type.__dict__["__flags__"]

# Of Python 3.11 and 3.12, where attributes are in a block beside their object.
_VALUES_AT = {(3, 11): -32, (3, 12): -24}
_CACHED_KEYS_AT = {(3, 11): 872, (3, 12): 880}
_KEYS_BEFORE_USABLE = 2
_PREFIX = 2
_BYTE = 0xFF
_DICT_AT = -24


@dataclass(frozen=True, slots=True)
class Kind:
    """How the instances of a type are measured.

    ``header`` are the bytes before each; ``split`` ones have their attributes in a
    block of their own, ``inline`` ones at their end. ``address`` is that of the
    type, which isn't kept.
    """

    mode: int
    measure: Any
    header: int
    split: bool
    address: int
    inline: bool
    is_dict: bool
    is_type: bool
    is_module: bool


def kind_of(cls: type, mode: int, measure: Any) -> Kind:
    """Return how to measure instances of ``cls``."""
    flags = _FLAGS.__get__(cls)
    pre_header = 0
    if sys.version_info >= (3, 12):
        pre_header = _MANAGED_WEAKREF | _MANAGED_DICT
    elif sys.version_info >= (3, 11):
        pre_header = _MANAGED_DICT
    header = _GC_HEAD * bool(flags & _HAVE_GC) + 16 * bool(flags & pre_header)
    split = sys.version_info[:2] in _VALUES_AT and bool(flags & _MANAGED_DICT)
    bases = [id(base) for base in anatomy.mro(cls)]
    return Kind(
        mode,
        measure,
        header,
        split,
        id(cls),
        inline=sys.version_info >= (3, 13) and bool(flags & _INLINE_VALUES),
        is_dict=any(id(base) in bases for base in _DICTS),
        is_type=id(type) in bases,
        is_module=id(ModuleType) in bases,
    )


def units_of(kind: Kind, obj: Any) -> int:
    """Return the size of ``obj`` itself, in units, as the C level counts it."""
    size = _measured(kind, obj) + kind.header + _inline_size(kind, obj)
    return in_units(size) + in_units(_values_size(kind, obj))


def in_units(size: int) -> int:
    """Return a size in units, rounded up."""
    return -(-size // UNIT)


def _measured(kind: Kind, obj: Any) -> int:
    if kind.measure is not None:
        with suppress(Exception):  # one in C that fails for this very object
            return int(kind.measure(obj))
    return object.__sizeof__(obj)


def _inline_size(kind: Kind, obj: Any) -> int:
    """Return what attributes take at the end of an object, from Python 3.13 on."""
    if not kind.inline or not memory.KNOWN:
        return 0
    capacity = memory.body(obj, 1)[0] & _BYTE
    return (capacity + 7) // 8 * 8 + 8 * (capacity + 1)


def _values_size(kind: Kind, obj: Any) -> int:
    """Return the size of the block of attributes (Objects/dictobject.c).

    The byte before it tells how far it begins before that, which is the number of
    attributes that it has room for, rounded up; the keys that the class has
    cached tell it exactly unless they became more since.
    """
    if not kind.split or not memory.KNOWN:
        return 0
    version = sys.version_info[:2]
    values = memory.words(id(obj) + _VALUES_AT[version], 1)[0]
    if version >= (3, 12):
        values = values + 1 if values & 1 else 0
    if not values:
        return 0
    prefix = memory.words(values - 8, 1)[0] >> 56
    room = prefix - _PREFIX
    keys = memory.words(kind.address + _CACHED_KEYS_AT[version], 1)[0]
    if keys:
        usable, entries = memory.words(keys + 8 * _KEYS_BEFORE_USABLE, 2)
        if (usable + entries + _PREFIX + 7) // 8 * 8 == prefix:
            room = usable + entries
    return prefix + 8 * room


def referents(kind: Kind, obj: Any) -> list[Any]:
    """Return what ``obj`` refers to.

    That is what the collector is shown, and the keys of a dict that has only
    strings for keys: as they can't be parts of a cycle, it isn't shown those.
    """
    found = gc.get_referents(obj)
    if kind.inline and sys.version_info < (3, 14):  # it is shown from 3.13.3 on
        made = memory.object_at((memory.words(id(obj) + _DICT_AT, 1) or [0])[0], dict)
        if made is not None and not any(each is made for each in found):
            found.append(made)
    if kind.is_dict:
        keys = list(_keys_of(obj))
        if keys and all(type(key) is str for key in keys):
            shown = {id(each) for each in found}
            if not all(id(key) in shown for key in keys):
                found += keys
    return found


def _keys_of(obj: Any) -> Iterable[Any]:
    for cls in _DICTS:
        if anatomy.is_a(obj, cls):
            found: Iterable[Any] = cls.keys(obj)
            return found
    return ()


def listed_with(old: object) -> list[Any]:
    """Return the collector's list that has ``old``, of the oldest that is."""
    listed: list[Any] = []
    for generation in (2, 1, 0):
        listed = gc.get_objects(generation=generation)
        if any(obj is old for obj in listed):
            break
    return listed


def held(objects: list[Any], places: range, counts: array[int]) -> list[int]:
    """Return the places of objects that have more references than ``counts`` says.

    The one that ``objects`` has doesn't count.
    """
    probe = [object()]  # measured as the others are, in whatever way that counts
    ours = [sys.getrefcount(probe[place]) for place in range(1)].pop()
    return [
        place
        for place in places
        if sys.getrefcount(objects[place]) > counts[place - places.start] + ours
    ]
