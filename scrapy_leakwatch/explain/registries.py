"""Knows what keeps an entry for each new name, and the calls that give it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy
from scrapy_leakwatch.explain import source

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bill_paths import Place
    from scrapy_leakwatch.lines import Line


@dataclass(frozen=True, slots=True)
class Registry:
    """One by the end of its path; ``callers`` are the functions that name things."""

    ending: str
    callers: frozenset[str]
    remedy: str


_LOGGERS = Registry(
    "logging.Logger.manager.loggerDict",
    frozenset({"getLogger", "getChild"}),
    "a logger stays as long as the process: use one for all, and put what varies"
    " into the message or extra=",
)
_WARNINGS = Registry(
    ".__warningregistry__",
    frozenset({"warn", "warn_explicit"}),
    "Python remembers each text that was warned of: warn with the same text each"
    " time, and log what varies",
)
_STATS = Registry(
    "._stats",
    frozenset({"inc_value", "set_value", "max_value", "min_value"}),
    "each stat stays until the crawl ends: count by what has few values, such as a"
    " status or a domain",
)
_STATS_COLLECTOR = "scrapy.statscollectors.StatsCollector"


def of(place: Place) -> Registry | None:
    """Return the registry that a place is, None for anything else."""
    for known in (_LOGGERS, _WARNINGS):
        if place.path.endswith(known.ending):
            return known
    is_stats = anatomy.inherits(place.way[0], _STATS_COLLECTOR)
    return _STATS if is_stats and place.path.endswith(_STATS.ending) else None


def line_of(registry: Registry, crawler: Any) -> Line | None:
    """Return the line of the project that gives it ever new names."""
    return source.of_naming(registry.callers, source.classes_of(crawler))
