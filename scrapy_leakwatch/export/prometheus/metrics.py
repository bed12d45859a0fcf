"""The metrics: what each is called, what it says, and how it is made of the numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.core import Metric as Family

    from scrapy_leakwatch.records import Numbers

PREFIX = "scrapy_leakwatch_"
OF_CRAWL = ("project", "spider")
"""The labels of each metric."""


class Metric(NamedTuple):
    """A metric, in base units.

    ``of`` has its values by the value of its own ``label``, by "" where it has none.
    ``together`` makes one value of those of several crawls: what is counted for each is
    added up, what is seen of their process is the same for all.
    """

    name: str
    help: str
    of: Callable[[Numbers], Mapping[str, float | None]]
    label: str = ""
    together: Callable[[float, float], float] = max
    counts: bool = False


def _one(
    of: Callable[[Numbers], float | None],
) -> Callable[[Numbers], Mapping[str, float | None]]:
    return lambda numbers: {"": of(numbers)}


METRICS = (
    Metric(
        "live_objects",
        "Instances of a class that are alive in the process.",
        lambda it: {each.name: each.count for each in it.live},
        label="class",
    ),
    Metric(
        "unaccounted_objects",
        "Live requests or responses that no engine of the process owns.",
        lambda it: it.unaccounted,
        label="class",
    ),
    Metric(
        "responses_total",
        "Responses received so far.",
        _one(lambda it: it.received),
        together=add,
        counts=True,
    ),
    Metric(
        "owner_bytes",
        "Memory that an owner had in the last memory bill.",
        lambda it: it.owners,
        label="owner",
    ),
    Metric(
        "memory_bytes",
        "Resident memory of the process.",
        _one(lambda it: it.memory.get("rss")),
    ),
    Metric(
        "children_bytes",
        "Memory of the child processes.",
        _one(lambda it: it.memory.get("children")),
    ),
    Metric(
        "verdict_level",
        "What the verdicts that stand come to: 0 healthy, 1 look, 2 act.",
        _one(lambda it: it.level),
    ),
    Metric(
        "verdicts_total",
        "Verdicts reached so far.",
        lambda it: it.verdicts,
        label="kind",
        together=add,
        counts=True,
    ),
    Metric(
        "forecast_seconds",
        "Time until a limit is reached, +Inf where none is foreseen.",
        _one(lambda it: math.inf if it.forecast_s is None else it.forecast_s),
        together=min,
    ),
    Metric(
        "resources",
        "Threads, descriptors, timers and the like that the process has.",
        lambda it: it.resources,
        label="resource",
    ),
    Metric(
        "samples_total",
        "Samples taken so far.",
        _one(lambda it: it.samples),
        together=add,
        counts=True,
    ),
    Metric(
        "sample_seconds_total",
        "Time that all samples took the crawl.",
        _one(lambda it: it.costs.samples_s),
        together=add,
        counts=True,
    ),
    Metric(
        "sample_seconds_max",
        "Time that the longest sample took the crawl.",
        _one(lambda it: it.costs.sample_s),
    ),
    Metric(
        "audit_seconds_max",
        "Time that a look at what was not given back took.",
        _one(lambda it: it.costs.audit_s),
    ),
    Metric(
        "stall_seconds_max",
        "Longest time that the crawl stood still for a fork.",
        _one(lambda it: it.costs.stall_s),
    ),
    Metric(
        "explain_seconds_max",
        "Longest time that a child looked for who holds what leaks.",
        _one(lambda it: it.costs.explain_s),
    ),
    Metric(
        "bill_seconds_max",
        "Longest time that a child made a memory bill.",
        _one(lambda it: it.costs.bill_s),
    ),
    Metric(
        "child_bytes_max",
        "Most memory that a child of LeakWatch took.",
        _one(lambda it: it.costs.child_bytes),
    ),
)


def families(crawls: Iterable[Numbers]) -> Iterator[Family]:
    """Yield the metrics of some crawls; what is not known is left out."""
    crawls = tuple(crawls)
    for metric in METRICS:
        values = _values(metric, crawls)
        if values:
            yield _family(metric, values)


def _values(
    metric: Metric, crawls: tuple[Numbers, ...]
) -> dict[tuple[str, str, str], float]:
    found = defaultdict(list)
    for numbers in crawls:
        for label, value in metric.of(numbers).items():
            if value is not None:
                found[numbers.project, numbers.spider, label].append(float(value))
    return {key: _together(metric, values) for key, values in found.items()}


def _together(metric: Metric, values: list[float]) -> float:
    whole, *others = values
    for value in others:
        whole = metric.together(whole, value)
    return whole


def _family(metric: Metric, values: dict[tuple[str, str, str], float]) -> Family:
    made = CounterMetricFamily if metric.counts else GaugeMetricFamily
    own = (metric.label,) if metric.label else ()
    labels = (*OF_CRAWL, *own)
    family = made(PREFIX + metric.name, metric.help, labels=labels)
    for values_of, value in values.items():
        family.add_metric(values_of[: len(labels)], value)
    return family
