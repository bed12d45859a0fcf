"""Walks from all roots, and keeps which owner reaches what; runs in the child."""

from __future__ import annotations

import gc
import io
import sys
from bisect import bisect_right
from dataclasses import dataclass, field
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    GeneratorType,
)
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.graph import make
from scrapy_leakwatch.heap.opaque import Opener
from scrapy_leakwatch.heap.roots import Root, Start, locals_of
from scrapy_leakwatch.heap.sizes import rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.heap.twin import Graph
    from scrapy_leakwatch.records import Origin, OwnerKind

MOST_ROUNDS = 50
"""Of suspended functions that hold others, before the rest is left alone."""

_PARTS = {
    id(GeneratorType): ("gi_frame", "gi_code"),
    id(CoroutineType): ("cr_frame", "cr_code"),
    id(AsyncGeneratorType): ("ag_frame", "ag_code"),
}
_HAVE_METHODS = frozenset({"spider", "component", "crawl"})
"""Kinds of owners that a suspended function may be a method of."""


@dataclass(slots=True, eq=False)
class Owner:
    """A root and what it reaches before anybody after it.

    ``starts`` are the objects that it begins with, ``package`` the range of its
    modules and their dicts, ``classes`` the ranges of those that they define,
    ``nodes`` what was opened by hand; ``spans`` are the ranges of what the walk found
    from there. ``bytes`` include ``shared_bytes``, which another owner refers to as
    well.
    """

    root: Root
    starts: dict[int, Start] = field(default_factory=dict)
    package: tuple[int, int] = (0, 0)
    classes: list[tuple[int, int]] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    bytes: int = 0
    shared_bytes: int = 0
    objects: int = 0


class Heap:
    """All objects of the process, by owner.

    ``garbage`` and ``unknown`` are the bytes of what no root reaches: dead cycles,
    and what something holds that the collector does not show. ``partial``: the
    time was over before all was seen.

    ``wanted`` are types whose instances are asked about, and ``alive`` is how many
    there are, if that is known: where the roots reach all of them, nothing else is
    looked for. Without ``outside`` objects of extensions have no bytes of malloc's.
    """

    def __init__(
        self,
        roots: Iterable[Root],
        until: float,
        wanted: tuple[type, ...] = (),
        alive: int = sys.maxsize,
        *,
        outside: bool = True,
    ) -> None:
        # With all in one list of the collector, one object leads to every other;
        # what the walk itself makes from here on is not among them.
        gc.freeze()
        self._until = until
        self.owners = [Owner(root) for root in roots]
        self.graph: Graph = make(
            rule,
            {
                module: number
                for number, owner in enumerate(self.owners)
                for module in owner.root.modules
            },
            wanted,
        )
        self._by_root: dict[int, Owner] = {}
        self._span_of: dict[int, tuple[int, int]] = {}
        self._links: dict[int, list[int]] = {}
        self._opener = Opener()
        self._homeless: list[tuple[Any, int]] = []
        self._suspended: list[tuple[Any, int]] = []
        self._found_in: dict[int, int] = {}
        self._starts: list[int] = []
        self._ends: list[tuple[int, Owner, tuple[int, int] | None]] = []
        self._running: tuple[Owner | None, int] = (None, 0)
        self._walk()
        begin = end = len(self.graph)
        if self.graph.noted < alive:
            begin, end = self._unreached()
        if outside:
            self.graph.keep(until)
        self._sum_up()
        dead, held, count, held_count = self._halves(begin, end)
        self.garbage, self.garbage_objects = dead, count - held_count
        self.unknown, self.unknown_objects = held, held_count
        self.garbage_types = self._types(begin, end, 0)
        self.unknown_types = self._types(begin, end, 1)
        self.graph.settle()

    @property
    def partial(self) -> bool:
        """Tell whether some objects were not counted for want of time."""
        return bool(self.graph.partial)

    def children(self, index: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of what ``index`` was first to refer to, largest first.

        The buffer of a `BytesIO`, which Python 3.12 and newer show, is a part of it.
        """
        if type(self.graph.object(index)) is io.BytesIO:
            return
        span = self._span_of.get(index) or self._span_at(index)
        if span is not None:
            begin, end = self.graph.children(index, *span)
            if begin < end:
                yield begin, end
        for seed in self._links.get(index, ()):
            yield seed, seed + 1

    def owner_at(self, index: int) -> Owner | None:
        """Return the owner of an object that some root reaches."""
        place = bisect_right(self._starts, index) - 1
        if place < 0:
            return None
        end, owner, _ = self._ends[place]
        return owner if index < end else None

    def start(self, index: int, owner: Owner) -> Start:
        """Return what an object is called that the owner begins with."""
        known = owner.starts.get(index)
        if known is not None:
            return known
        obj = self.graph.object(index)
        return Start(obj, _label(obj))

    def above(self, index: int) -> int:
        """Return who was first to refer to an object, -1 where that is a root.

        Of a suspended function and of a class it is who holds it, though they are
        owners, or parts of one, themselves.
        """
        parent = self.graph.parent(index)
        return self._found_in.get(index, parent) if parent < 0 else parent

    def starts(self, owner: Owner, least: int) -> list[int]:
        """Return the objects that the owner begins with, those with so many bytes."""
        large = [i for i in owner.starts if self.graph.bytes(i) >= least]
        for begin, end in (*owner.classes, owner.package):
            large += self.graph.heavy(begin, end, least)
        return large

    def _walk(self) -> None:
        for owner in self.owners:
            if not owner.root.late:
                self._enter(owner, owner.root.starts)
            if owner.root.package:
                package = self.graph.enter_package(sys.modules, owner.root.package)
                owner.package = package
                self._note(*package, owner)
        for owner in list(self.owners):
            if owner.root.kind == "engine":
                self._run_suspended()
            if owner.root.late:
                self._enter(owner, owner.root.starts)
            self._run(owner, [*owner.starts, *range(*owner.package)])
            self._run_classes(owner)
        self._run_suspended()
        for owner in self.owners:
            self._run_classes(owner)  # what was reached after its turn
        self._run_homeless()

    def _enter(self, owner: Owner, starts: Iterable[Start]) -> list[int]:
        entered = []
        for start in starts:
            if start.obj is None:
                continue
            index = self.graph.enter(start.obj)
            if index >= 0:
                owner.starts[index] = start
                entered.append(index)
                self._by_root.setdefault(id(start.obj), owner)
                self._note(index, index + 1, owner)
        return entered

    def _enter_held(
        self, owner: Owner, label: str, held: list[tuple[Any, int]]
    ) -> None:
        """Walk from objects that were set aside, each with who refers to it."""
        entered = []
        for obj, parent in held:
            found = self._enter(owner, [Start(obj, label)])
            self._found_in |= dict.fromkeys(found, parent)
            entered += found
        self._run(owner, entered)

    def _run(self, owner: Owner, nodes: list[int]) -> None:
        """Walk from ``nodes``, and from what is opened by hand on the way."""
        while nodes:
            span = self._run_once(owner, nodes)
            for index in nodes:
                self._span_of[index] = span
            self._note(*span, owner, span)
            nodes = self._opened(owner)
            owner.nodes += nodes

    def _run_once(self, owner: Owner, nodes: list[int]) -> tuple[int, int]:
        before, own = self._running
        if before is not owner:
            own = len(self.graph)
        self._running = owner, own
        span = self.graph.run(nodes, owner.root.passing, self._until, own)
        owner.spans.append(span)
        self._sort_asides()
        return span

    def _opened(self, owner: Owner) -> list[int]:
        seeds = []
        for index in self.graph.opaque():
            size, objects = self._opener.open_up(self.graph.object(index))
            self.graph.grow(index, size)
            for obj in objects:
                seed = self.graph.enter(obj, index)
                if seed >= 0:
                    self._links.setdefault(index, []).append(seed)
                    self._note(seed, seed + 1, owner)
                    seeds.append(seed)
        return seeds

    def _sort_asides(self) -> None:
        for obj, parent in self.graph.asides():
            if id(type(obj)) in _PARTS:
                self._suspended.append((obj, parent))
            else:
                self._homeless.append((obj, parent))

    def _run_classes(self, owner: Owner) -> None:
        """Walk the classes that the modules of the owner define, and theirs."""
        if not owner.root.modules:
            return
        home = self.owners.index(owner)
        for _ in range(MOST_ROUNDS):
            begin, end = self.graph.classes(home)
            if begin == end:
                return
            owner.classes.append((begin, end))
            span = self._run_once(owner, list(range(begin, end)))
            self._note(begin, end, owner, span)
            self._note(*span, owner, span)
            self._run(owner, self._opened(owner))

    def _run_homeless(self) -> None:
        """Give classes that no module has to whoever was first to reach them."""
        for _ in range(MOST_ROUNDS):
            left, self._homeless = self._homeless, []
            if not left:
                return
            for cls, parent in left:
                owner = self.owner_at(parent)
                if owner is not None:
                    self._enter_held(owner, _label(cls), [(cls, parent)])

    def _run_suspended(self) -> None:
        """Walk the generators and coroutines that wait, each for its function."""
        for _ in range(MOST_ROUNDS):
            found, self._suspended = self._suspended, []
            if not found:
                return
            by_code: dict[int, tuple[CodeType, list[tuple[Any, int]]]] = {}
            for obj, parent in found:
                code = _code_of(obj)
                by_code.setdefault(id(code), (code, []))[1].append((obj, parent))
            for code, alike in by_code.values():
                owner = self._owner_of_suspended(code, alike[-1][0])
                self._enter_held(owner, redact.text(code.co_name, 80), alike)

    def _owner_of_suspended(self, code: CodeType, latest: Any) -> Owner:
        """Return the owner that a method is of, or one for the function.

        One of those that run the same code stands for all: to look into a
        frame makes one.
        """
        if not places.is_project(code):
            return self._owner_called("suspended functions", "task", "library")
        frame, first = _frame_of(latest), code.co_varnames[: code.co_argcount][:1]
        if frame is not None and first:
            bound = dict(locals_of(frame)).get(first[0])
            owner = self._by_root.get(id(bound))
            if owner is not None and owner.root.kind in _HAVE_METHODS:
                return owner
        function = redact.text(places.function_name(code), 80)
        return self._owner_called(f"function {function}", "function", "project")

    def _owner_called(self, name: str, kind: OwnerKind, origin: Origin) -> Owner:
        for owner in self.owners:
            if owner.root.name == name:
                return owner
        owner = Owner(Root(name, kind, origin, passing=True))
        self.owners.append(owner)
        return owner

    def _unreached(self) -> tuple[int, int]:
        gc.unfreeze()
        return self.graph.unreached(sys.modules, self._until)

    def _halves(self, begin: int, end: int) -> tuple[int, int, int, int]:
        total, held, count, held_count = self.graph.totals(begin, end)
        return total - held, held, count, held_count

    def _types(self, begin: int, end: int, mark: int) -> list[tuple[type, int, int]]:
        found = self.graph.types(begin, end, mark)
        return sorted(found, key=lambda row: -row[2])[:5]

    def _sum_up(self) -> None:
        self.graph.spread()
        for owner in self.owners:
            for begin, end in (*owner.spans, *owner.classes, owner.package):
                total, shared, count, _ = self.graph.totals(begin, end)
                owner.bytes += total
                owner.shared_bytes += shared
                owner.objects += count
            single = [*owner.starts, *owner.nodes]
            owner.bytes += sum(self.graph.bytes(index) for index in single)
            owner.objects += len(single)

    def _note(
        self, begin: int, end: int, owner: Owner, span: tuple[int, int] | None = None
    ) -> None:
        """Note whose a range is, and where what it refers to was found."""
        if begin < end:
            self._starts.append(begin)
            self._ends.append((end, owner, span))

    def _span_at(self, index: int) -> tuple[int, int] | None:
        place = bisect_right(self._starts, index) - 1
        if place < 0 or index >= self._ends[place][0]:
            return None
        return self._ends[place][2]


def _label(obj: Any) -> str:
    """Return how a path is written that begins at a class, a module, or its dict."""
    if anatomy.is_a(obj, type):
        return redact.text(anatomy.qualname(obj), 80)
    table = obj if type(obj) is dict else anatomy.own_dict(obj)
    name = table.get("__name__") if type(table) is dict else None
    return redact.text(name, 80) if type(name) is str else "module"


def _code_of(obj: Any) -> CodeType:
    code: CodeType = getattr(obj, _PARTS[id(type(obj))][1])
    return code


def _frame_of(obj: Any) -> FrameType | None:
    frame: FrameType | None = getattr(obj, _PARTS[id(type(obj))][0])
    return frame
