"""What Python calls as it ends: the callbacks of `atexit`, which no object shows."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation.places import origin_of_callable
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Origin

CALLBACKS = "atexit"
_SEARCHED = 131_072
"""Bytes of the interpreter's state, which is longer."""
_INT = 0xFFFFFFFF
_PARTS = 3
"""A callback has a function, positional and keyword arguments."""
_IN_LIST = sys.version_info >= (3, 14)

Callback = tuple[Any, ...]


def of_project(_: Any, __: Outside) -> Iterator[Root]:
    """Yield what the project has registered."""
    yield from _registered("project", "atexit callbacks")


def roots(_: Any, __: Outside) -> Iterator[Root]:
    """Yield what libraries have registered."""
    yield from _registered("library", "atexit callbacks of libraries", late=True)


def _registered(wanted: Origin, name: str, *, late: bool = False) -> Iterator[Root]:
    found = [each for each in callbacks() if origin_of_callable(each[0]) == wanted]
    start = Start([part for each in found for part in each], CALLBACKS, lent="atexit")
    yield Root(name, "process", wanted, [start], late=late)


def callbacks() -> list[Callback]:
    """Return what is registered: of each callback the function and its arguments.

    For a forked child, where one more does no harm. Python says how many there are,
    and not where: of all that may be a table of so many, it is the one that has this
    module's own for the latest, which is the last, or from 3.14 on the first.
    """
    state = memory.interpreter()
    if not state:
        return []
    atexit.register(_last)
    count, mapped = atexit._ncallbacks(), memory.Mappings()
    for address in range(state, state + _SEARCHED, memory.WORD):
        table, size = mapped.words(address, 2) or (0, 0)
        found = (
            _in_list(mapped, table, count)
            if _IN_LIST
            else _in_table(mapped, table, size & _INT, count)
        )
        if found:
            return [each for each in found if each[0] is not _last]
    return []


def _in_list(mapped: memory.Mappings, address: int, count: int) -> list[Callback]:
    if mapped.words(address, 3)[1:] != [id(list), count]:
        return []
    found = list(memory.object_at(address, list))
    ends = (found[0], found[-1])
    has_own = any(type(each) is tuple and each[0] is _last for each in ends)
    return found if has_own else []


def _in_table(
    mapped: memory.Mappings, address: int, size: int, count: int
) -> list[Callback]:
    entries = mapped.words(address, count) if size == count else []
    if not entries or mapped.words(entries[-1], 1) != [id(_last)]:
        return []
    rows = [mapped.words(each, _PARTS) for each in entries if each]
    return [tuple(memory.anything_at(part) for part in row if part) for row in rows]


def _last() -> None:
    """Do nothing, as Python ends."""
