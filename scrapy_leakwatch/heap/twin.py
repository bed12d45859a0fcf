"""Walks the objects of this process in Python, as `_graph.c` does in C.

The same answers at ten times the time and the memory: a reference to an object
writes to its page, which a forked child then has for itself. It says what each
method is for, in both.
"""

from __future__ import annotations

import gc
import sys
import time
from array import array
from bisect import bisect_left
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import measures, sizes, trees
from scrapy_leakwatch.heap.clusters import Clusters, Row

if TYPE_CHECKING:
    from collections.abc import Callable

NONE = -1
"""The parent of what a walk began with, and the index of what isn't there."""

_CHECK_EVERY = 8192


class Graph:
    """The objects that were reached, each once, numbered from 0 as they were met.

    Of each it knows the parent, which was first to refer to it and has a lower
    number; its own bytes, in units of 16; and a mark. ``rule`` tells of a class
    how to treat its instances, as `sizes.rule` does. ``homes`` has a number from 0
    for each module that is to have its classes, or for each package that is to have
    those of the others in it; several may share one. Of classes that are written in
    Python on `object` the graph in C asks ``rule`` only in modules whose names begin
    as one in ``asked``. ``wanted`` are the types whose instances `clusters` sorts.
    ``partial``: a walk was over before all was seen, for want of time.

    References are taken to be what `tp_traverse` shows, and the keys of a dict
    that has only strings for keys, which it does not show.
    """

    def __init__(
        self,
        rule: Callable[[type], tuple[int, Any]],
        homes: dict[str, int] | None = None,
        asked: tuple[str, ...] = (),  # noqa: ARG002, here all are
        wanted: tuple[type, ...] = (),
    ) -> None:
        self._rule = rule
        self._wanted = anatomy.identities(*wanted)
        self._found: list[int] = []
        self._homes = homes or {}
        self._at_home: dict[int, list[int]] = {}
        self._objects: list[Any] = []
        self._parents = array("l")
        self._units = array("Q")
        self._marks = bytearray()
        self._places: dict[int, int] = {}
        self._asides: list[tuple[Any, int] | None] = []
        self._told = 0
        self._opaque: list[int] = []
        self._kinds: dict[int, measures.Kind] = {}
        self._trees = trees.Trees()
        self._begin = self._current = 0
        self._passing = self.partial = False
        self._unreached: int | None = None
        self._own = {id(self), id(vars(self)), id(self._trees), id(self._trees.met)}
        tables: tuple[object, ...]
        tables = (self._objects, self._places, self._asides, self._opaque, self._kinds)
        tables = (*tables, self._homes, self._at_home, self._found)
        self._own |= {id(table) for table in (*tables, self._own)}

    def __len__(self) -> int:
        """Return how many objects were reached."""
        return len(self._objects)

    @property
    def tree_bytes(self) -> int:
        """Return the bytes of parsed documents, which the bytes of objects include."""
        return self._trees.total

    @property
    def noted(self) -> int:
        """Return how many instances of the wanted types were met so far."""
        return len(self._found)

    def enter(self, obj: Any, parent: int = NONE) -> int:
        """Add an object to walk from, and return its number; -1 where it is known.

        What is entered is a barrier: who reaches it later goes no further there.
        """
        place = self._places.get(id(obj))
        if place is not None and place >= 0:
            return NONE
        if place is not None:
            self._asides[~place] = None
        return self._insert(obj, parent)

    def enter_package(self, modules: dict[str, Any], package: str) -> tuple[int, int]:
        """Add the modules of a package, each and its dict, and return their range.

        ``modules`` is a table as `sys.modules`. Those that are known are left out.
        """
        begin = len(self._objects)
        for name, module in list(modules.items()):
            named = type(name) is str and _top_level(name) == package
            if named and anatomy.is_a(module, ModuleType):
                self.enter(module)
                self.enter(anatomy.own_dict(module))
        return begin, len(self._objects)

    def find(self, obj: Any) -> int:
        """Return the number of an object, -1 where it was not reached."""
        return max(self._places.get(id(obj), NONE), NONE)

    def run(
        self, roots: list[int], passing: bool, until: float, own: int = sys.maxsize
    ) -> tuple[int, int]:
        """Walk from entered objects, breadth first, to all that is new.

        Returns the range of what was new. Of what an earlier walk reached those
        objects get a mark that this one refers to as well: others share them.
        But not those from ``own`` on: they are of the same owner.

        Types and modules are set aside, and in a ``passing`` walk suspended
        functions (`sizes.SET_ASIDE`) too. At ``until``, on the clock of
        `time.monotonic`, it ends wherever it is.
        """
        begin = len(self._objects)
        self._begin = min(begin, own)
        self._passing = passing
        if not all(0 <= index < begin for index in roots):
            raise IndexError("no such object")
        for index in roots:
            self._process(index, self._visit)
        self._process_from(begin, until, self._visit)
        return begin, len(self._objects)

    def asides(self) -> list[tuple[Any, int]]:
        """Return what was set aside since the last call, each with who refers to it.

        Not classes that have a home: those wait until they are asked for.
        """
        found = [
            each
            for each in self._asides[self._told :]
            if each is not None and self._home_of(each[0]) == NONE
        ]
        self._told = len(self._asides)
        return found

    def classes(self, home: int) -> tuple[int, int]:
        """Add the classes set aside so far whose module has this number.

        Returns their range; they are entered, and no walk has gone on from them.
        """
        if not 0 <= home <= max(self._homes.values(), default=NONE):
            raise IndexError("no such home")
        begin = len(self._objects)
        for number in reversed(self._at_home.pop(home, [])):
            aside = self._asides[number]
            if aside is not None:
                self._asides[number] = None
                self._insert(aside[0], NONE)
        return begin, len(self._objects)

    def _home_of(self, obj: Any) -> int:
        """Return the number of the module that defines a class, -1 of anything else.

        Nor has a class that a function has made: no module keeps it.
        """
        if not self._kind_of(type(obj)).is_type or not anatomy.is_heap_type(obj):
            return NONE
        module = anatomy.namespace(obj).get("__module__")
        if type(module) is not str or "<locals>" in anatomy.qualname(obj):
            return NONE
        return self._homes.get(module, self._homes.get(_top_level(module), NONE))

    def opaque(self) -> list[int]:
        """Return the numbers of objects to look into by hand, since the last call."""
        found = list(self._opaque)
        self._opaque.clear()
        return found

    def unreached(self, old: object, until: float) -> tuple[int, int]:
        """Add all that no walk reached, and return its range: dead cycles and others.

        ``old`` is any object in the collector's list of the oldest. Those that are
        marked are no garbage: something that the collector does not see holds
        them, or they hang on such an object.
        """
        if not gc.is_tracked(old):
            raise ValueError("the collector does not list this object")
        begin = len(self._objects)
        self._unreached = self._begin = begin
        self._enter_listed(old)
        end = len(self._objects)
        counts = array("L", bytes(array("L").itemsize * (end - begin)))

        def count(target: Any) -> None:
            place = self._places.get(id(target))
            if place is None:
                self._insert(target, NONE)
                counts.append(1)
            elif place >= begin:
                counts[place - begin] += 1

        self._process_from(begin, until, count)
        self._mark_held(begin, end, counts)
        return begin, len(self._objects)

    def keep(self, until: float) -> int:  # noqa: ARG002, there it is a deadline
        """Add to objects of extensions what they keep of malloc's, and return the sum.

        Of a block whose address several have it is in the bytes of the nearest. Where
        not all were followed at ``until``, or malloc is none that is known, nothing is
        added. Only the part in C can do that in time.
        """
        return 0

    def _process_from(
        self, begin: int, until: float, visit: Callable[[Any], None]
    ) -> None:
        index = begin
        while index < len(self._objects):
            if index % _CHECK_EVERY == 0 and time.monotonic() > until:
                self.partial = True
                return
            self._process(index, visit)
            index += 1

    def _process(self, index: int, visit: Callable[[Any], None]) -> None:
        obj = self._objects[index]
        kind = self._kind_of(type(obj))
        if id(obj) not in self._own:
            self._current = index
            for target in measures.referents(kind, obj):
                if target is not None:  # everybody's, and in no heap
                    visit(target)
        units = measures.units_of(kind, obj)
        if id(type(obj)) in self._wanted:
            self._found.append(index)
        if kind.mode == sizes.OPAQUE:
            self._opaque.append(index)
        elif kind.mode == sizes.TREE:
            units += measures.in_units(self._trees.bytes_of(obj))
        self._units[index] += units

    def _visit(self, target: Any) -> None:
        place = self._places.get(id(target))
        if place is not None and place >= 0:
            if place < self._begin and self._parents[place] != NONE:
                self._marks[place] = 1
            return
        kind = self._kind_of(type(target))
        whole = kind.is_type or kind.is_module
        if place is not None:  # set aside before: an owner that stays may have it
            if whole or self._passing:
                return
            self._asides[~place] = None
        elif whole or (self._passing and kind.mode == sizes.SET_ASIDE):
            home = self._home_of(target)
            if home != NONE:
                self._at_home.setdefault(home, []).append(len(self._asides))
            self._places[id(target)] = ~len(self._asides)
            self._asides.append((target, self._current))
            return
        self._insert(target, self._current)

    def _insert(self, obj: Any, parent: int) -> int:
        index = len(self._objects)
        self._objects.append(obj)
        self._parents.append(parent)
        self._units.append(0)
        self._marks.append(0)
        self._places[id(obj)] = index
        return index

    def _kind_of(self, cls: type) -> measures.Kind:
        kind = self._kinds.get(id(cls))
        if kind is None:
            kind = self._kinds[id(cls)] = measures.kind_of(cls, *self._rule(cls))
        return kind

    def _enter_listed(self, old: object) -> None:
        listed = measures.listed_with(old)
        for obj in listed:
            if id(obj) not in self._places and id(obj) not in self._own:
                self._insert(obj, NONE)

    def _mark_held(self, begin: int, end: int, counts: array[int]) -> None:
        """Mark what has more references than were seen, and what hangs on it."""
        marks = self._marks
        stack = measures.held(self._objects, range(begin, end), counts)
        for index in stack:
            marks[index] = 1
        while stack:
            obj = self._objects[stack.pop()]
            for target in measures.referents(self._kind_of(type(obj)), obj):
                place = self._places.get(id(target), NONE)
                if place >= begin and not marks[place]:
                    marks[place] = 1
                    stack.append(place)

    def totals(self, begin: int, end: int) -> tuple[int, int, int, int]:
        """Return the bytes of a range, those of marked objects, and both numbers."""
        self._check(begin, end)
        marked = [index for index in range(begin, end) if self._marks[index]]
        units = sum(self._units[begin:end])
        shared = sum(self._units[index] for index in marked)
        return (units * measures.UNIT, shared * measures.UNIT, end - begin, len(marked))

    def spread(self) -> None:
        """Mark whatever hangs on something marked, of what the walks reached."""
        end = len(self) if self._unreached is None else self._unreached
        for index in range(end):
            parent = self._parents[index]
            if parent != NONE and self._marks[parent]:
                self._marks[index] = 1

    def settle(self) -> None:
        """Add to the bytes of each object those of all that hang on it."""
        for index in range(len(self) - 1, -1, -1):
            parent = self._parents[index]
            if parent != NONE:
                self._units[parent] += self._units[index]

    def children(self, index: int, begin: int, end: int) -> tuple[int, int]:
        """Return which of a range of one walk were met first in this object."""
        self._check(begin, end)
        first = bisect_left(self._parents, index, begin, end)
        return first, bisect_left(self._parents, index + 1, first, end)

    def heavy(self, begin: int, end: int, least: int) -> list[int]:
        """Return the numbers in a range of objects with so many bytes or more."""
        units = self._units
        return [
            index
            for index in range(begin, end)
            if units[index] * measures.UNIT >= least
        ]

    def types(
        self, begin: int, end: int, marked: int = -1
    ) -> list[tuple[type, int, int]]:
        """Return the types in a range, each with the number and bytes of its objects.

        Only of those that are marked or not (1, 0), or of all (-1).
        """
        self._check(begin, end)
        sums: dict[int, tuple[type, int, int]] = {}
        for index in range(begin, end):
            if marked in {NONE, self._marks[index]}:
                cls = type(self._objects[index])
                _, count, units = sums.get(id(cls), (cls, 0, 0))
                sums[id(cls)] = cls, count + 1, units + self._units[index]
        return [
            (cls, count, units * measures.UNIT) for cls, count, units in sums.values()
        ]

    def larger(self, size: int) -> int:
        """Return the bytes of all objects over ``size``, as blocks of `malloc`.

        Before `settle` alone.
        """
        return sum(
            (units + 1) * measures.UNIT
            for units in self._units
            if units * measures.UNIT > size
        )

    def clusters(
        self, stop: type, most: int, chosen: list[int] | None
    ) -> tuple[list[Row], int, int]:
        """Sort the instances of the wanted types by how they are held.

        Those are of one cluster where the way up from them is alike: the types on
        it, the keys in dicts of a few entries, the code of functions. It ends at a
        root, at another instance, or at one of ``stop``. Returns for each cluster
        how many it has, how many of them are parts of another instance, the bytes
        of all without those of nested ones, and the numbers of up to ``most``,
        evenly. ``chosen``: of these alone. And how many no root reaches: those that
        are garbage, and those that are marked. After `settle`.
        """
        found = sorted(self._found if chosen is None else chosen)
        end = len(self) if self._unreached is None else self._unreached
        reached = [index for index in found if index < end]
        marked = sum(self._marks[index] for index in found[len(reached) :])
        rows = Clusters(self, stop, reached).rows(most)
        return rows, len(found) - len(reached) - marked, marked

    def units(self, index: int) -> int:
        """Return the bytes of an object in units of 16."""
        return self._units[index]

    def object(self, index: int) -> Any:
        """Return the object of a number."""
        return self._objects[index]

    def parent(self, index: int) -> int:
        """Return the number of who was first to refer to an object, or -1."""
        return self._parents[index]

    def top(self, index: int) -> int:
        """Return the number of the object without a parent that leads to one."""
        while self._parents[index] != NONE:
            index = self._parents[index]
        return index

    def bytes(self, index: int) -> int:
        """Return the bytes of an object, after `settle` with all that hangs on it."""
        return self._units[index] * measures.UNIT

    def grow(self, index: int, size: int) -> None:
        """Add bytes to those of an object, rounded up to units."""
        self._units[index] += measures.in_units(size)

    def _check(self, begin: int, end: int) -> None:
        if not 0 <= begin <= end <= len(self._objects):
            raise IndexError("no such objects")


def packages(modules: dict[str, Any]) -> dict[str, dict[str, str | None]]:
    """Return the names in a table as `sys.modules`, by the first part of each.

    Each has its ``__file__``. Those of what is no module, as Twisted's reactor, are
    left out.
    """
    found: dict[str, dict[str, str | None]] = {}
    for name, module in list(modules.items()):
        if type(name) is str and anatomy.is_a(module, ModuleType):
            file = anatomy.attribute(module, "__file__")
            alike = found.setdefault(_top_level(name), {})
            alike[name] = file if type(file) is str else None
    return found


def thread_states() -> list[tuple[int, dict[Any, Any] | None, Any, Any]]:
    """Return identifier, local data, context and mark of each other thread.

    Python keeps them where no object refers to them, and drops them in a forked
    child. From 3.13 on a `threading.local` has the data itself, and lets go of it when
    the thread's mark is gone. Only the part in C can read them.
    """
    return []


def _top_level(name: str) -> str:
    return name.partition(".")[0]
