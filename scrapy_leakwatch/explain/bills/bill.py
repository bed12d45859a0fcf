"""Makes the memory bill of a process; runs in the child."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations import line_of, remedy_of
from scrapy_leakwatch.explain.accumulations.holder_line import anchor_of
from scrapy_leakwatch.explain.bills.paths import Place, places_of
from scrapy_leakwatch.explain.border import headroom
from scrapy_leakwatch.explain.known import known_leak
from scrapy_leakwatch.explain.memory import allocators, resident
from scrapy_leakwatch.explain.uses import use_of
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots import Outside, roots
from scrapy_leakwatch.heap.walk import Heap, Owner
from scrapy_leakwatch.records import BillLayers, BillOwner, BillPath

if TYPE_CHECKING:
    from scrapy_leakwatch.records import OwnerKind

Before = Mapping[tuple[str, str], int]
"""The bytes of an earlier bill, by owner and path; of the owner itself, by ''."""

LEAST_PLACE = 512_000
LEAST_PLACE_SHARE = 0.002
"""Bytes, and the part of the resident memory, from which on a place is a path."""
MOST_PATHS = 12
"""Of one owner: the largest, and as many of those that grew most."""
MOST_OWNERS = 60
LEAST_OWNER = 100_000
MOST_LINES = 12
LEAST_GROWN = 1_000_000
"""Paths whose line is looked for, and the bytes that one must have grown by."""
PART_FOR_WALK = 0.7
"""Of the time limit; the rest is for the paths and the lines."""


@dataclass(frozen=True, slots=True)
class BillQuestion:
    """What the parent knows: resident bytes, mapped files, and the first bill."""

    rss: int
    files: int | None
    before: Before
    timeout_s: float


def measure(question: BillQuestion, crawler: Any, outside: Outside) -> dict[str, Any]:
    """Return the fields of a `Bill` that the parent does not know."""
    arenas, malloc = allocators.arenas(), allocators.heap()
    allocators.keep_no_large()
    until = time.monotonic() + PART_FOR_WALK * question.timeout_s
    heap = Heap(roots(crawler, outside), until)
    least = max(LEAST_PLACE, int(LEAST_PLACE_SHARE * question.rss))
    owners, found = _owners(heap, question, least)
    owners = _with_lines(owners, found, crawler)
    owners += _unreached(heap, question)
    layers = _layers(question, arenas, malloc, sum(each.bytes for each in owners))
    unnamed = layers.native_unnamed or 0
    return {
        "owners": owners,
        "layers": layers,
        "rss_named_share": 1 - unnamed / max(question.rss, 1),
        "partial": heap.partial,
        "available": headroom.available(),
        # While the table of objects is there, which is most of it.
        "child_memory_bytes": resident.bytes_of("Private_Dirty"),
    }


Found = dict[tuple[str, str], Place]


def _owners(
    heap: Heap, question: BillQuestion, least: int
) -> tuple[list[BillOwner], Found]:
    merged: dict[str, list[Owner]] = {}
    for owner in heap.owners:
        if owner.bytes:
            merged.setdefault(owner.root.name, []).append(owner)
    found: Found = {}
    owners = []
    for name, alike in merged.items():
        places = [place for owner in alike for place in places_of(heap, owner, least)]
        found |= {(name, place.path): place for place in places}
        owners.append(_owner(name, alike, places, question.before))
    owners.sort(key=lambda each: -each.bytes)
    large = [each for each in owners[:MOST_OWNERS] if each.bytes >= LEAST_OWNER]
    return large + _others(owners[len(large) :]), found


def _owner(
    name: str, alike: list[Owner], places: list[Place], before: Before
) -> BillOwner:
    root, total = alike[0].root, sum(owner.bytes for owner in alike)
    paths = [_path(name, place, root.origin, before) for place in places]
    grown = sorted(paths, key=lambda path: -path.grown_bytes)[:MOST_PATHS]
    largest = [path for path in paths[:MOST_PATHS] if path not in grown]
    told = sorted(grown + largest, key=lambda path: -path.bytes)
    return BillOwner(
        name=name,
        kind=root.kind,
        origin=root.origin,
        bytes=total,
        shared_bytes=sum(owner.shared_bytes for owner in alike),
        objects=sum(owner.objects for owner in alike),
        grown_bytes=_grown(before, name, "", total),
        paths=tuple(told),
    )


def _path(name: str, place: Place, origin: Any, before: Before) -> BillPath:
    return BillPath(
        path=place.path,
        type=place.type,
        count=place.count,
        bytes=place.bytes,
        grown_bytes=_grown(before, name, place.path, place.bytes),
        length=place.length,
        bound=place.bound,
        tracked=place.tracked,
        worked_on=place.worked_on,
        origin=origin,
    )


def _grown(before: Before, name: str, path: str, now: int) -> int:
    """Return the growth since the first bill, 0 in the first itself."""
    return now - before.get((name, path), 0) if before else 0


def _others(small: list[BillOwner]) -> list[BillOwner]:
    """Return the small owners of each kind as one."""
    kinds: dict[tuple[OwnerKind, str], list[BillOwner]] = {}
    for each in small:
        kinds.setdefault((each.kind, each.origin), []).append(each)
    return [
        replace(
            alike[0],
            name=alike[0].name if len(alike) == 1 else f"other {kind} owners",
            bytes=sum(each.bytes for each in alike),
            shared_bytes=sum(each.shared_bytes for each in alike),
            objects=sum(each.objects for each in alike),
            grown_bytes=0,
            paths=(),
        )
        for (kind, _), alike in kinds.items()
    ]


def _with_lines(owners: list[BillOwner], found: Found, crawler: Any) -> list[BillOwner]:
    """Return the owners with line and remedy of the paths that grew most."""
    grown = [
        (path.grown_bytes, owner.name, path.path)
        for owner in owners
        for path in owner.paths
        if path.grown_bytes >= LEAST_GROWN
    ]
    wanted = {
        (name, path) for _, name, path in sorted(grown, reverse=True)[:MOST_LINES]
    }
    return [
        replace(
            owner,
            paths=tuple(
                _explained(path, found[owner.name, path.path], owner, crawler)
                if (owner.name, path.path) in wanted
                else path
                for path in owner.paths
            ),
        )
        for owner in owners
    ]


def _explained(
    path: BillPath, place: Place, owner: BillOwner, crawler: Any
) -> BillPath:
    use = use_of(anchor_of(place), crawler)
    line = (use.line if use else None) or line_of(place, crawler)
    fix = use.fix if use else remedy_of(place, owner.name, owner.origin)
    return replace(
        path,
        location=line.location if line else None,
        code=line.code if line else None,
        likely=line.likely if line else False,
        fix=fix,
        known=known_leak(place.way),
    )


def _unreached(heap: Heap, question: BillQuestion) -> list[BillOwner]:
    """Return the dead, and what is held where the collector shows nobody."""
    parts = (
        ("garbage", heap.garbage, heap.garbage_objects, heap.garbage_types),
        ("unknown", heap.unknown, heap.unknown_objects, heap.unknown_types),
    )
    names = {"garbage": "garbage", "unknown": "held by nobody that is known"}
    owners = []
    for kind, size, objects, types in parts:
        name = names[kind]
        paths = tuple(
            BillPath(
                path=f"{kind} › {redact.text(anatomy.name(cls), 60)}",
                type=redact.text(anatomy.name(cls), 60),
                count=count,
                bytes=total,
                origin="library",
            )
            for cls, count, total in types
            if total >= LEAST_OWNER
        )
        if size:
            grown = _grown(question.before, name, "", size)
            owners.append(
                BillOwner(
                    name=name,
                    kind=kind,  # type: ignore[arg-type]
                    origin="library",
                    bytes=size,
                    objects=objects,
                    grown_bytes=grown,
                    paths=paths,
                )
            )
    return owners


def _layers(
    question: BillQuestion,
    arenas: allocators.Arenas | str,
    malloc: allocators.MallocHeap | str,
    named: int,
) -> BillLayers:
    resident = question.rss - (question.files or 0)
    python_free = None if isinstance(arenas, str) else arenas.free
    size = 0 if isinstance(arenas, str) else arenas.size
    malloc_free = None
    if not isinstance(malloc, str):
        # Blocks that were given back to the system still count as free in malloc.
        malloc_free = min(malloc.free, max(resident - size - malloc.used, 0))
    free = (python_free or 0) + (malloc_free or 0)
    return BillLayers(
        python_free=python_free,
        malloc_free=malloc_free,
        native_unnamed=max(resident - named - free, 0),
        files=question.files,
    )
