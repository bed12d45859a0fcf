"""Picks suspects of all ages from the weak tables that count them.

Reading a table of 300,000 weak references one by one would copy their pages
into the child. `PyDict_Next` starts anywhere and takes no reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from weakref import ref

from scrapy_leakwatch import anatomy

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

SAMPLE = 24
YOUNGEST = 3
"""Of the sample, one next to the other: the head of a chain is among them."""

Entry = Callable[[Any, int], "tuple[int, Any, Any] | None"]


def _dict_entry() -> Entry | None:
    if ctypes is None:
        return None
    advance = ctypes.pythonapi.PyDict_Next
    reference, number, pointer = ctypes.py_object, ctypes.c_ssize_t, ctypes.POINTER
    out = pointer(reference)
    advance.argtypes = [reference, pointer(number), out, out]

    def entry(table: Any, place: int) -> tuple[int, Any, Any] | None:
        position, key, value = number(place), reference(), reference()
        places = (ctypes.byref(part) for part in (position, key, value))
        # Given as it is, ctypes would ask the table for its __class__.
        if not advance(reference(table), *places):
            return None
        return position.value, key.value, value.value

    return entry


_ENTRY = _dict_entry()


def pick(tables: tuple[Any, ...], count: int = SAMPLE) -> list[Any]:
    """Return about ``count`` live objects, evenly over age, oldest first.

    ``tables`` are `weakref.WeakKeyDictionary`, in order of age as trackref
    keeps them, `weakref.WeakSet`, or dicts with weak references as values.
    """
    data = [
        table if type(table) is dict else anatomy.attribute(table, "data")
        for table in tables
    ]
    sizes = [anatomy.size(each) for each in data]
    total = sum(sizes)
    picked: list[Any] = []
    for each, size in zip(data, sizes, strict=True):
        if size:
            part = max(1, round(count * size / total))
            picked += _pick_from(each, size, part)
    return picked


def _pick_from(data: Any, size: int, count: int) -> list[Any]:
    chosen: dict[int, Any] = {}
    for reference in _spread(data, size, count):
        target = reference() if callable(reference) else None
        if target is not None:
            chosen[id(target)] = target
    return list(chosen.values())


def _spread(data: Any, size: int, count: int) -> Iterator[Any]:
    if type(data) is not dict:
        yield from islice(data, 0, None, max(1, size // count))
        return
    for key, value in entries(data, count):
        yield _reference(key, value)


def entries(data: dict[Any, Any], count: int) -> Iterator[tuple[Any, Any]]:
    """Yield about ``count`` keys and values, evenly over a dict, oldest first."""
    size = dict.__len__(data)
    if _ENTRY is None:
        yield from islice(dict.items(data), 0, None, max(1, size // count))
        return
    end = _end(data, size, _ENTRY)
    evenly = max(1, count - YOUNGEST)
    wanted = {number * end // evenly: None for number in range(evenly)}
    wanted.update(dict.fromkeys(range(max(0, end - YOUNGEST), end)))
    for place in wanted:
        found = _ENTRY(data, place)
        if found is not None:
            yield found[1], found[2]


def _reference(key: Any, value: Any) -> Any:
    return key if isinstance(key, ref) else value


def _end(data: Any, size: int, entry: Entry) -> int:
    """Return where the entries end: deleted ones leave holes before it."""
    low, high = size, size * 2 + 8
    while entry(data, high) is not None:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if entry(data, middle) is None else (middle + 1, high)
    return low
