"""A container with a bound, which is told of where memory is full before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin


def _is_filling(place: Place) -> bool:
    return place.bound is not None and 0 < (place.length or 0) < place.bound


def _fix(place: Place, _: str, __: Origin) -> str:
    bound, each = place.bound or 0, place.bytes / (place.length or 1)
    return (
        f"{place.path} may have {bound:,} entries, of some {each / 1e3:,.1f} kB each"
        f" {bound * each / 1e6:,.0f} MB: a bound that there is memory for, or its"
        " entries in a file or a database"
    )


KIND = AccumulationKind(_is_filling, _fix)
