"""Reads some entries of a dict, spread over it.

Reading a dict of 300,000 one by one would copy the pages of all into the child.
`PyDict_Next` starts anywhere and takes no reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

YOUNGEST = 3
"""Of the entries, the last."""

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


def _end(data: Any, size: int, entry: Entry) -> int:
    """Return where the entries end: deleted ones leave holes before it."""
    low, high = size, size * 2 + 8
    while entry(data, high) is not None:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if entry(data, middle) is None else (middle + 1, high)
    return low
