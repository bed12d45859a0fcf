"""The stats of a crawl, as in ``Dumping Scrapy stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.report.numbers import MOST_OWNERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy_leakwatch.records import Costs, Numbers

Stat = int | float | str

MOST = 60
"""Hosted crawls have 64 kB for the stats of all extensions."""
NOT_FORESEEN_S = 365 * 24 * 3600
"""A year. What is later is not foreseen either, and a monitor of "less than an hour"
needs no second rule for it."""
KINDS_OF_COSTS = 6


def of_numbers(numbers: Numbers) -> dict[str, Stat]:
    """Return the stats of a crawl by name, at most `MOST`.

    The classes get what the others leave. That does not become less as a crawl goes
    on: room is kept for owners and costs that it does not have yet.
    """
    costs = _of_costs(numbers.costs)
    groups: dict[str, Mapping[str, Stat]] = {
        "requests": numbers.requests,
        "responses": numbers.responses,
        "memory": numbers.memory,
        "resources": numbers.resources,
        "verdicts": numbers.verdicts,
        "owner": numbers.owners,
        "holder": numbers.holders,
        "cost": costs,
    }
    stats: dict[str, Stat] = {
        "leakwatch/samples": numbers.samples,
        "leakwatch/verdict": numbers.worst,
        "leakwatch/verdict_level": numbers.level,
        "leakwatch/forecast_seconds": _forecast(numbers.forecast_s),
    }
    if numbers.failed_looks:
        stats["leakwatch/failed_looks"] = numbers.failed_looks
        stats["leakwatch/unwatched"] = numbers.unwatched
    for group, found in groups.items():
        stats |= {f"leakwatch/{group}/{name}": value for name, value in found.items()}
    to_come = MOST_OWNERS - len(numbers.owners) + KINDS_OF_COSTS - len(costs)
    room = MOST - len(stats) - to_come
    return stats | dict(list(_of_live(numbers).items())[: max(room, 0)])


def _of_live(numbers: Numbers) -> dict[str, Stat]:
    """Return what there is of each class, first what is most worth a stat."""
    stats: dict[str, Stat] = {}
    for ignored in (False, True):
        live = [each for each in numbers.live if each.ignored == ignored]
        stats |= {f"leakwatch/live/{each.name}": each.count for each in live}
        stats |= {f"leakwatch/peak/{each.name}": each.peak for each in live}
        stats |= {
            f"leakwatch/oldest_seconds/{each.name}": int(each.oldest_s) for each in live
        }
    return stats


def _of_costs(costs: Costs) -> dict[str, Stat]:
    seconds = {
        "sample_ms_max": costs.sample_s,
        "audit_ms_max": costs.audit_s,
        "stall_ms_max": costs.stall_s,
        "explain_ms": costs.explain_s,
        "bill_ms": costs.bill_s,
    }
    stats: dict[str, Stat] = {
        name: round(1000 * cost, 3)
        for name, cost in seconds.items()
        if cost is not None
    }
    if costs.child_bytes is not None:
        stats["child_memory_bytes"] = costs.child_bytes
    return stats


def _forecast(seconds: float | None) -> float:
    return NOT_FORESEEN_S if seconds is None else min(round(seconds), NOT_FORESEEN_S)
