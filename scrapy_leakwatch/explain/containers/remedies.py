"""Says what bounds a container that grows, in the names of the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import Spider

from scrapy_leakwatch.explain.naming.reference_path import start_at
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.containers.contents import Form
    from scrapy_leakwatch.explain.naming.reference_path import StartKind
    from scrapy_leakwatch.explain.records import Origin


@dataclass(frozen=True, slots=True)
class Hoard:
    """What is known of a container, in plain words.

    ``keys`` and ``values`` are the kinds of its entries; only a mapping has
    ``keys``. ``owner_kind`` is what the way to it begins at. ``rows``: its values are
    what a feed can write, and its owner ``yields`` items. ``table`` is what helps
    against a table of Scrapy or a library, ``thing`` against what is in it. ``sent`` is
    the code that sends all of it at the end, ``each`` the bytes of an entry, 0 where
    they are not known.
    """

    name: str
    kind: Form
    owner: str
    origin: Origin
    values: str
    keys: str = ""
    owner_kind: StartKind = "component"
    rows: bool = True
    yields: bool = True
    table: str = ""
    thing: str = ""
    sent: str = ""
    each: int = 0


def yields(owner: Any) -> bool:
    """Tell whether the code of ``owner`` can yield items: it has not got them first."""
    return anatomy.is_a(owner, Spider) or start_at(owner).is_namespace


def remedy(hoard: Hoard) -> str:
    """Return one sentence a person can act on; no more is to wait than fits."""
    often = next((word for least, word in _PACES if hoard.each >= least), "thousand")
    return _remedy(hoard).replace("every thousand", f"every {often}")


def _remedy(hoard: Hoard) -> str:
    if hoard.table:
        return hoard.table
    if hoard.origin == "library":
        return (
            f"{hoard.owner} is not your code: switch it off if it is not needed, or "
            f"bound or clear {hoard.name}"
        )
    if hoard.thing:
        return hoard.thing
    if hoard.sent:
        return (
            f"call `{hoard.sent}` every thousand as well, and {hoard.name}.clear() "
            "after it: now all of them wait for the end of the crawl"
        )
    return _REMEDIES[hoard.kind](hoard) + _SCOPES.get(hoard.owner_kind, "")


_PACES = ((1_000_000, "ten"), (100_000, "hundred"))
"""Bytes of an entry from which on fewer are written at once."""

_SCOPES: dict[StartKind, str] = {
    "class": "; an attribute of the class, it is shared by all its objects and stays",
    "global": "; a global, it stays as long as the process",
}
"""What an owner that outlives the crawl adds to it."""


def _set(hoard: Hoard) -> str:
    entry = _thing(hoard.keys or hoard.values)
    if not _is_plain(hoard.keys or hoard.values):
        return _let_go(hoard)
    keep = f"keep {hoard.name} in sqlite3 or a Bloom filter"
    if entry == "int":
        return f"{keep}, which take a fraction of the memory"
    return (
        f"leave it to Scrapy's duplicate filter if {hoard.name} is there to skip "
        f"requests; else {keep}, or hash() of each {entry} only"
    )


def _dict(hoard: Hoard) -> str:
    if _thing(hoard.values) in {"bool", "None"}:
        return _set(hoard)
    if _is_plain(hoard.values):
        return (
            f"give {hoard.name} a bound: functools.lru_cache(maxsize=10_000) on what "
            f"computes it, or {hoard.name}.pop(next(iter({hoard.name}))) past so many; "
            "or keep it in sqlite3"
        )
    if not hoard.rows:
        return _let_go(hoard)
    written = "yield it as an item or write it out" if hoard.yields else "write it out"
    return (
        f"pop() each {_thing(hoard.values)} of {hoard.name} when its work is done and "
        f"{written}, or keep them in sqlite3"
    )


def _counter(hoard: Hoard) -> str:
    return (
        f"keep only the largest, {hoard.name}.most_common(10_000), "
        "or count in a database such as sqlite3"
    )


def _list(hoard: Hoard) -> str:
    if _is_plain(hoard.values):
        return (
            f"write {hoard.name} out and clear() it every thousand, or let "
            "collections.deque(maxlen=1_000) keep the last ones"
        )
    if not hoard.rows:
        return _let_go(hoard)
    if not hoard.yields:
        return (
            f"write each {_thing(hoard.values)} out as it comes, or write {hoard.name} "
            "out and clear() it every thousand"
        )
    return (
        f"yield each {_thing(hoard.values)} as an item, for a feed or a pipeline to "
        f"write, and do not collect them in {hoard.name}; or write them out and "
        "clear() it every thousand"
    )


def _let_go(hoard: Hoard) -> str:
    """Return what is true of things that nothing else is known of."""
    return (
        f"take each {_thing(hoard.values)} out of {hoard.name} when its work is done, "
        "or keep there only what is needed of it"
    )


def _cache(hoard: Hoard) -> str:
    return f"give {hoard.name} a bound: @functools.lru_cache(maxsize=10_000)"


_REMEDIES = {
    "set": _set,
    "dict": _dict,
    "counter": _counter,
    "list": _list,
    "cache": _cache,
}

_PLAIN = frozenset(
    [
        *("str", "bytes", "int", "float", "bool", "complex", "None", "entry"),
        *("tuple", "frozenset", "Decimal", "Fraction", "UUID"),
        *("date", "time", "datetime", "timedelta"),
    ]
)


def _thing(kinds: str) -> str:
    """Return what to call one entry: the commonest kind, without its size."""
    return kinds.partition(" or ")[0].partition(" of ")[0].partition("[")[0] or "entry"


def _is_plain(kinds: str) -> bool:
    return _thing(kinds) in _PLAIN
