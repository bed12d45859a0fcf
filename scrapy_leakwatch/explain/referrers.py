"""Asks the collector who refers to what, without copying the crawl's pages.

`gc.get_referrers` walks the heap in C and changes no reference count, so in a
forked child it copies no page. Reading a crowded container would: each item
gets a new reference. `Heap.links` therefore never reads one. It hides the
whole heap with `gc.freeze`, puts the few holders back under the collector's
eyes, and asks it for one target at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

Tracker = Callable[[int], Any]


def _trackers() -> tuple[Tracker, Tracker] | None:
    if ctypes is None:
        return None
    api = ctypes.pythonapi
    untrack, track = api.PyObject_GC_UnTrack, api.PyObject_GC_Track
    for function in (untrack, track):
        # An address: `py_object` would ask the object for its `__class__`.
        function.argtypes, function.restype = [ctypes.c_void_p], None
    return untrack, track


TRACKERS = _trackers()


class Heap:
    """The heap as it was at the fork; what the child makes itself is not in it.

    Only for a forked child, with the collector off: every object younger than
    this one then belongs to the child and is found in the youngest generation.
    """

    def __init__(self) -> None:
        self._mine: set[int] = set()
        gc.freeze()
        gc.unfreeze()

    def referrers(self, targets: list[Any]) -> list[Any]:
        """Return the objects of the heap that refer to any of ``targets``."""
        found = gc.get_referrers(*targets)
        self._learn_mine(frozenset())
        return [holder for holder in found if id(holder) not in self._mine]

    def links(self, holders: list[Any], targets: list[Any]) -> list[list[int]]:
        """Return for each target the indexes of the ``holders`` that hold it."""
        places = {id(holder): place for place, holder in enumerate(holders)}
        if TRACKERS is None:
            return [_held_by(target, places) for target in targets]
        untrack, track = TRACKERS
        self._learn_mine(frozenset())
        gc.freeze()
        for holder in holders:
            untrack(id(holder))
            track(id(holder))
        found = [_held_by(target, places) for target in targets]
        self._learn_mine(places.keys())
        gc.freeze()
        gc.unfreeze()
        return found

    def _learn_mine(self, not_mine: Any) -> None:
        for obj in gc.get_objects(generation=0):
            if id(obj) not in not_mine:
                self._mine.add(id(obj))


def _held_by(target: Any, places: dict[int, int]) -> list[int]:
    return [
        places[id(holder)]
        for holder in gc.get_referrers(target)
        if id(holder) in places
    ]
