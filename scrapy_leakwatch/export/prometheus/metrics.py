"""The metrics: what each is called, what it says, and how it is made of the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from scrapy_leakwatch.export.folding import folded, one

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric as Family

    from scrapy_leakwatch.export.folding import Fold, Read
    from scrapy_leakwatch.records import Numbers

PREFIX = "scrapy_leakwatch_"
OF_CRAWL = ("project", "spider")
"""The labels of each metric."""


class Metric(NamedTuple):
    """A metric, in base units.

    ``of`` has its values by the value of its own ``label``, by "" where it has none.
    ``together`` is the ``fold`` of `folded`.
    """

    name: str
    help: str
    of: Read
    label: str = ""
    together: Fold = max
    counts: bool = False


METRICS = (
    Metric(
        "live_objects",
        "Instances that are alive in the process, of the ten largest classes.",
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
        lambda it: one(it.received),
        together=sum,
        counts=True,
    ),
    Metric(
        "owner_bytes",
        "Memory of the ten largest owners of the last memory bill.",
        lambda it: it.owners,
        label="owner",
    ),
    Metric(
        "memory_bytes",
        "Resident memory of the process.",
        lambda it: one(it.memory.get("rss")),
    ),
    Metric(
        "children_bytes",
        "Memory of the child processes.",
        lambda it: one(it.memory.get("children")),
    ),
    Metric(
        "verdict_level",
        "What the verdicts that stand come to: 0 healthy, 1 look, 2 act.",
        lambda it: one(it.level),
    ),
    Metric(
        "verdicts_total",
        "Verdicts reached so far.",
        lambda it: it.verdicts,
        label="kind",
        together=sum,
        counts=True,
    ),
    Metric(
        "forecast_seconds",
        "Time until a limit is reached, +Inf where none is foreseen.",
        lambda it: one(math.inf if it.forecast_s is None else it.forecast_s),
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
        lambda it: one(it.samples),
        together=sum,
        counts=True,
    ),
    Metric(
        "sample_seconds_total",
        "Time that all samples took the crawl.",
        lambda it: one(it.costs.samples_s),
        together=sum,
        counts=True,
    ),
    Metric(
        "sample_seconds_max",
        "Time that the longest sample took the crawl.",
        lambda it: one(it.costs.sample_s),
    ),
    Metric(
        "audit_seconds_max",
        "Time that a look at what was not given back took.",
        lambda it: one(it.costs.audit_s),
    ),
    Metric(
        "stall_seconds_max",
        "Longest time that the crawl stood still for a fork.",
        lambda it: one(it.costs.stall_s),
    ),
    Metric(
        "explain_seconds_max",
        "Longest time that a child looked for who holds what leaks.",
        lambda it: one(it.costs.explain_s),
    ),
    Metric(
        "bill_seconds_max",
        "Longest time that a child made a memory bill.",
        lambda it: one(it.costs.bill_s),
    ),
    Metric(
        "child_bytes_max",
        "Most memory that a child of LeakWatch took.",
        lambda it: one(it.costs.child_bytes),
    ),
)


def families(crawls: Iterable[Numbers]) -> Iterator[Family]:
    """Yield the metrics of some crawls; what is not known is left out."""
    crawls = tuple(crawls)
    for metric in METRICS:
        values = folded(crawls, metric.of, metric.together)
        if values:
            yield _family(metric, values)


def _family(metric: Metric, values: dict[tuple[str, str, str], float]) -> Family:
    made = CounterMetricFamily if metric.counts else GaugeMetricFamily
    own = (metric.label,) if metric.label else ()
    labels = (*OF_CRAWL, *own)
    family = made(PREFIX + metric.name, metric.help, labels=labels)
    for values_of, value in values.items():
        family.add_metric(values_of[: len(labels)], value)
    return family
