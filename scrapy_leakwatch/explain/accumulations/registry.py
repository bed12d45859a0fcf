"""Knows what keeps an entry for each new name, and the calls that give it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.things import named, tables
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine
    from scrapy_leakwatch.records import Origin


@dataclass(frozen=True, slots=True)
class _Registry:
    """One by the end of its path; ``callers`` are the functions that name things."""

    ending: str
    callers: frozenset[str]
    remedy: str


_LOGGERS = _Registry(
    "logging.Logger.manager.loggerDict",
    frozenset({"getLogger", "getChild"}),
    named.LOGGERS,
)
_WARNINGS = _Registry(
    ".__warningregistry__",
    frozenset({"warn", "warn_explicit"}),
    "Python remembers each text that was warned of: warn with the same text each"
    " time, and log what varies",
)
_STATS = _Registry(
    "._stats",
    frozenset({"inc_value", "set_value", "max_value", "min_value"}),
    tables.REMEDIES["scrapy-stats"],
)
_STATS_COLLECTOR = "scrapy.statscollectors.StatsCollector"


def _known(place: Place) -> _Registry | None:
    """Return the registry that a place is, None for anything else."""
    for known in (_LOGGERS, _WARNINGS):
        if place.path.endswith(known.ending):
            return known
    is_stats = anatomy.inherits(place.way[0], _STATS_COLLECTOR)
    return _STATS if is_stats and place.path.endswith(_STATS.ending) else None


def _line(place: Place, crawler: Any) -> SourceLine | None:
    """Return the line of the project that gives it ever new names."""
    registry = _known(place)
    if registry is None:
        return None
    return source.of_naming(registry.callers, source.classes_of(crawler))


def _fix(place: Place, _: str, __: Origin) -> str:
    registry = _known(place)
    return registry.remedy if registry else ""


KIND = AccumulationKind(lambda place: _known(place) is not None, _fix, _line)
