"""What waiting requests carry in ``meta`` or ``cb_kwargs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.explain.bills.carried import bag_of
from scrapy_leakwatch.explain.code import source

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine


def _line(place: Place, crawler: Any) -> SourceLine | None:
    bag = bag_of(place.way, place.names)
    if bag is None:
        return None
    return source.of_key(*bag, source.classes_of(crawler), frozenset())


KIND = AccumulationKind(
    lambda place: bag_of(place.way, place.names) is not None,
    says(
        "each request that waits carries {path}: pass only what its callback needs,"
        " or keep it in a file or a database and pass its key"
    ),
    _line,
)
