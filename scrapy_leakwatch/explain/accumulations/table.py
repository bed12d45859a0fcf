"""A table of Scrapy or of a library, which grows with what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.things import tables

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin


def _fix(place: Place, _: str, __: Origin) -> str:
    return tables.remedy(place.way)


KIND = AccumulationKind(lambda place: tables.table_on(place.way) is not None, _fix)
