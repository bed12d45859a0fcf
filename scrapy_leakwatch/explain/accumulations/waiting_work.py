"""Work that waits for a thread or a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.holder_line import line_at_holder
from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.containers import pools

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine


def _line(place: Place, crawler: Any) -> SourceLine | None:
    work = pools.work_in(place.way)
    if work is None:
        return line_at_holder(place, crawler)
    classes = source.classes_of(crawler)
    started = source.of_call(pools.starters(place.way), work.co_name, classes)
    return started or source.of_code(work)


KIND = AccumulationKind(
    lambda place: pools.is_in_pool(place.way), says(pools.REMEDY), _line
)
