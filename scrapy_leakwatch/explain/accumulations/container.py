"""Whatever else: a list, a dict, or an object without a remedy of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.containers import bounds, contents, remedies
from scrapy_leakwatch.explain.naming.reference_path import start_at
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin


def _fix(place: Place, owner: str, origin: Origin) -> str:
    size = anatomy.size(place.holder)
    if not size:
        return _BEGUN_ANEW.format(path=place.path) if origin == "project" else ""
    if bounds.bound_of(place.way) == size:
        return _FULL.format(path=place.path)
    return remedies.remedy(_hoard(place, owner, origin))


def _hoard(place: Place, owner: str, origin: Origin) -> remedies.Hoard:
    holder = place.holder
    entries = contents.pick(holder)
    inside = contents.in_words(entries)
    keys, _, values = inside.rpartition(" → ")
    kind: remedies.Kind = "list"
    if anatomy.inherits(holder, "collections.Counter"):
        kind = "counter"
    elif anatomy.is_a(holder, dict):
        kind = "dict"
    elif anatomy.is_a(holder, set):
        kind = "set"
    return remedies.Hoard(
        name=place.path,
        kind=kind,
        owner=owner,
        origin=origin,
        values=values or place.type,
        keys=keys,
        owner_kind=start_at(place.way[0]).kind,
        made=contents.made_in(entries),
    )


_BEGUN_ANEW = (
    "write what is in {path} out and begin it anew every few hundred pages, or keep it"
    " in a file or a database"
)

_FULL = (
    "{path} is full, so it is its entries that grow: keep less in each, or write them"
    " out and begin them anew"
)

KIND = AccumulationKind(lambda _: True, _fix)
