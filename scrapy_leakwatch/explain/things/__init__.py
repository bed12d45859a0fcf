"""The kinds of thing that crawls keep, a file for each field: what each is, what helps.

The fix follows from what is kept, and not from the container that it is in. To add one
write a `ThingKind`, and put it into the ``KINDS`` of its file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.things import (
    bulk,
    databases,
    errors,
    lent,
    made,
    named,
    pages,
    work,
)
from scrapy_leakwatch.explain.things.kind import Kept, ThingKind
from scrapy_leakwatch.foundation import anatomy, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.explain.containers.contents import Entry, Form

KINDS: tuple[ThingKind, ...] = (
    *made.KINDS,
    *pages.KINDS,
    *bulk.KINDS,
    *databases.KINDS,
    *lent.KINDS,
    *work.KINDS,
    *errors.KINDS,
    *named.KINDS,
)
"""The first that fits says what helps."""

MOST_PARTS = 16
"""Of an entry that are looked at."""


def remedy(entries: list[Entry], where: str, form: Form) -> str:
    """Return what helps where most entries are things of one kind, empty otherwise.

    ``where`` is what a person calls the container, ``form`` what it is.
    """
    for side in reversed(list(zip(*entries, strict=True))):
        for kind in KINDS:
            things = [one for one in side if kind.is_one(one)]
            if _are_most(things, side):
                return _fix(kind, Kept(where, form, tuple(things)))
    return _of_parts([entry[-1] for entry in entries], where, form)


def remedy_of_holder(holder: Any, where: str, form: Form) -> str:
    """Return what helps where a thing has to go for what it holds to go."""
    for kind in KINDS:
        if kind.holds and kind.is_one(holder):
            return kind.fix(Kept(where, form, (holder,)))
    return ""


def _of_parts(values: list[Any], where: str, form: Form) -> str:
    """Return what helps where most have a heavy thing among their parts."""
    parts = [list(_parts(value)) for value in values]
    for kind in filter(lambda kind: kind.heavy, KINDS):
        found = [next(filter(kind.is_one, each), None) for each in parts]
        things = [one for one in found if one is not None]
        if _are_most(things, values):
            return _fix(kind, Kept(where, form, tuple(things)))
    return ""


def _fix(kind: ThingKind, kept: Kept) -> str:
    if kept.form == "cache" and kind not in _NOT_TO_CACHE:
        return (
            f"give {kept.where} a small bound, @functools.lru_cache(maxsize=100): a "
            f"{kept.name} keeps more than it seems"
        )
    return kind.fix(kept)


_NOT_TO_CACHE = (*made.KINDS, *lent.KINDS)


def _parts(obj: Any) -> Iterator[Any]:
    """Yield what a row has: an object of the project, or a small container."""
    if anatomy.is_a(obj, dict, list, tuple):
        if anatomy.size(obj) <= MOST_PARTS:
            yield from dict.values(obj) if anatomy.is_a(obj, dict) else _items(obj)
    elif places.origin_of_class(type(obj)) == "project":
        for number, (_, value) in enumerate(anatomy.attributes(obj)):
            if number < MOST_PARTS:
                yield value


def _items(obj: Any) -> Iterator[Any]:
    base = list if anatomy.is_a(obj, list) else tuple
    return iter(base.__iter__(obj))


def _are_most(some: list[Any], among: Iterable[Any]) -> bool:
    return 2 * len(some) > len(list(among))
