"""Counts live instances by class and finds the oldest, without a scan.

`scrapy.utils.trackref` keeps the instances of a class in the order in which
they were made, so the first is the oldest and nothing else need be looked at.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy.utils import trackref

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.internals.versions import trackref_now, trackref_seconds
from scrapy_leakwatch.observe.tracking import entries, tracked
from scrapy_leakwatch.records import LiveClass, Oldest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from weakref import WeakKeyDictionary

    from scrapy_leakwatch.observe.tracking import Instances

MOST_LOOKED_THROUGH = 2_000


class Alive(NamedTuple):
    """A class with how many instances live and the age of the oldest in s.

    Of classes that a function makes again and again it is one for all.
    """

    cls: type
    number: int
    oldest_s: float


def alive() -> list[Alive]:
    """Return every counted class that has live instances."""
    now = trackref_now()
    clock = time.monotonic()
    known = [
        Alive(cls, number, trackref_seconds(now - _oldest_stamp(instances, now)))
        for cls, instances in trackref_classes()
        if (number := len(instances))
    ]
    others = [
        Alive(cls, number, clock - _first_birth(instances, clock))
        for cls, instances in tracked()
        if (number := len(instances))
    ]
    return _by_path(known) + _by_path(others)


def _by_path(found: list[Alive]) -> list[Alive]:
    """Put classes with the same path together: a function makes one for each page."""
    together: dict[tuple[str, str], Alive] = {}
    for each in found:
        path = anatomy.module(each.cls), anatomy.qualname(each.cls)
        other = together.get(path, each)
        oldest = max(each, other, key=lambda one: one.oldest_s)
        number = each.number if other is each else each.number + other.number
        together[path] = Alive(oldest.cls, number, oldest.oldest_s)
    return list(together.values())


def trackref_classes() -> list[tuple[type, WeakKeyDictionary[object, float]]]:
    """Return what trackref counts; a class may have no live instance."""
    return entries(trackref.live_refs)


def instances_of(cls: type, most: int) -> Iterator[Any]:
    """Yield up to ``most`` of the live instances of one class, oldest first."""
    known = trackref.live_refs.get(cls)
    if known is not None:
        yield from _first(known, most)


def instances_since(cls: type, opened: float, most: int) -> list[Any]:
    """Return up to ``most`` live instances of a class made since then.

    ``opened`` is a time of `trackref_now`. They are spread over the older half, for
    the youngest are in use. Where too many were made before to pass over them all,
    it is the newest.
    """
    known: Any = trackref.live_refs.get(cls)
    try:
        stamps = known.data.items() if known is not None else ()
        first = islice(stamps, MOST_LOOKED_THROUGH)
        made_since = [ref for ref, at in first if at >= opened]
        older = made_since[: max(len(made_since) // 2, most)]
        late = older[:: -(-len(older) // most) or 1]
        if not late:
            newest = islice(reversed(stamps), most)
            late = [ref for ref, at in newest if at >= opened]
    except RuntimeError:  # another thread made an instance meanwhile
        return []
    return [found for ref in late if (found := ref()) is not None]


def classes() -> list[tuple[type, Any]]:
    """Return every counted class and the weak collection of its live instances."""
    return [*trackref_classes(), *tracked()]


def as_records(alive: list[Alive], ignore: tuple[type, ...]) -> tuple[LiveClass, ...]:
    """Return the records, by name, those of classes in ``ignore`` marked.

    A class shares its name also with one that has no live instance now: otherwise
    the name would mean the one class in this sample and the other in the next.
    """
    paths = {(anatomy.name(cls), class_path(cls)) for cls, _ in classes()}
    shared = Counter(name for name, _ in paths)
    records = [_record(entry, ignore, shared) for entry in alive]
    return tuple(sorted(records, key=lambda record: (record.name, record.path)))


def oldest_of(entry: Alive, records: tuple[LiveClass, ...]) -> Oldest:
    """Return the oldest instance of a class that is among the records."""
    path = redact.text(class_path(entry.cls))
    record = next(record for record in records if record.path == path)
    oldest = next(instances_of(entry.cls, 1), None)
    page = anatomy.attribute(oldest, "response")
    url = anatomy.attribute(oldest if page is None else page, "_url")
    return Oldest(
        subject=record.name,
        path=record.path,
        count=record.count,
        age_s=record.oldest_s,
        url=redact.url(url) if type(url) is str else "",
    )


def _record(entry: Alive, ignore: tuple[type, ...], shared: Counter[str]) -> LiveClass:
    path = redact.text(class_path(entry.cls))
    name = anatomy.name(entry.cls)
    return LiveClass(
        path=path,
        name=path if shared[name] > 1 else redact.text(name),
        count=entry.number,
        oldest_s=max(entry.oldest_s, 0.0),
        ignored=anatomy.derives(entry.cls, *ignore),
    )


def _oldest_stamp(instances: Any, now: float) -> float:
    # The dict behind it: its public iterators cost ten times as much.
    try:
        return next(iter(instances.data.values()), now)
    except RuntimeError:  # another thread made an instance meanwhile
        return now


def _first_birth(instances: Instances, now: float) -> float:
    try:
        first = next(iter(instances.values()), None)
    except RuntimeError:  # another thread made an instance meanwhile
        return now
    return now if first is None else first.born  # the last one was freed meanwhile


def _first(instances: WeakKeyDictionary[Any, float], most: int) -> Iterator[Any]:
    try:
        yield from list(islice(instances.keys(), most))
    except RuntimeError:
        return
