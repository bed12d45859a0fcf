"""The instruments of OpenTelemetry, and what each says of a process's crawls.

Names, units and attributes go by OpenTelemetry's conventions: no unit in a name, base
units as UCUM has them, what is counted in braces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.export.folding import folded, one

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scrapy_leakwatch.export.folding import Fold, Read
    from scrapy_leakwatch.records import Numbers

PREFIX = "scrapy.leakwatch"
PROJECT, SPIDER = "scrapy.project", "scrapy.spider"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is measured: how much of it there is, or a count that only rises.

    ``read`` returns values by what they are of, "" where there is only one; ``by``
    names the attribute for that. ``fold`` is as in `folded`.
    """

    name: str
    unit: str
    description: str
    read: Read
    by: str = ""
    kind: Literal["gauge", "counter"] = "gauge"
    fold: Fold = max


@dataclass(frozen=True, slots=True)
class Point:
    """One value of an instrument."""

    value: float
    attributes: Mapping[str, str]


def points(instrument: Instrument, crawls: Iterable[Numbers]) -> list[Point]:
    """Return what an instrument says of some crawls."""
    values = folded(crawls, instrument.read, instrument.fold)
    return [
        Point(value, _attributes(instrument, *key)) for key, value in values.items()
    ]


def _attributes(
    instrument: Instrument, project: str, spider: str, of: str
) -> dict[str, str]:
    attributes = {PROJECT: project, SPIDER: spider}
    return attributes | ({instrument.by: of} if instrument.by else {})


INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument(
        f"{PREFIX}.live_objects",
        "{object}",
        "Instances that are alive, of the ten largest classes.",
        lambda numbers: {each.name: each.count for each in numbers.live},
        by=f"{PREFIX}.class",
    ),
    Instrument(
        f"{PREFIX}.unaccounted_objects",
        "{object}",
        "Requests and responses that no part of the crawl is known to own.",
        lambda numbers: numbers.unaccounted,
        by=f"{PREFIX}.class",
    ),
    Instrument(
        f"{PREFIX}.responses",
        "{response}",
        "Responses received.",
        lambda numbers: one(numbers.received),
        kind="counter",
        fold=sum,
    ),
    Instrument(
        f"{PREFIX}.owner.memory",
        "By",
        "Memory of the ten largest owners of the last memory bill.",
        lambda numbers: numbers.owners,
        by=f"{PREFIX}.owner",
    ),
    Instrument(
        f"{PREFIX}.memory",
        "By",
        "Resident memory of the process, the same for all crawls in it.",
        lambda numbers: one(numbers.memory.get("rss")),
    ),
    Instrument(
        f"{PREFIX}.children.memory",
        "By",
        "Memory of the crawl's child processes.",
        lambda numbers: one(numbers.memory.get("children")),
    ),
    Instrument(
        f"{PREFIX}.verdict.level",
        "1",
        "0: healthy, 1: somebody should look, 2: somebody must act.",
        lambda numbers: one(numbers.level),
    ),
    Instrument(
        f"{PREFIX}.verdicts",
        "{verdict}",
        "Verdicts reached, of each kind.",
        lambda numbers: {str(kind): count for kind, count in numbers.verdicts.items()},
        by=f"{PREFIX}.kind",
        kind="counter",
        fold=sum,
    ),
    Instrument(
        f"{PREFIX}.forecast",
        "s",
        "Time until a limit is reached, nothing where none is foreseen.",
        lambda numbers: one(numbers.forecast_s),
        fold=min,
    ),
    Instrument(
        f"{PREFIX}.resources",
        "{resource}",
        "Threads, files, sockets, timers and the like that are in use.",
        lambda numbers: numbers.resources,
        by=f"{PREFIX}.resource",
    ),
    Instrument(
        f"{PREFIX}.samples",
        "{sample}",
        "Samples that LeakWatch has taken.",
        lambda numbers: one(numbers.samples),
        kind="counter",
        fold=sum,
    ),
    Instrument(
        f"{PREFIX}.sample.time",
        "s",
        "Time that all samples took.",
        lambda numbers: one(numbers.costs.samples_s),
        kind="counter",
        fold=sum,
    ),
    Instrument(
        f"{PREFIX}.stall.max",
        "s",
        "The longest pause of the crawl for a look into its memory.",
        lambda numbers: one(numbers.costs.stall_s),
    ),
    Instrument(
        f"{PREFIX}.child.memory.max",
        "By",
        "The most memory that a look took in a child process of LeakWatch's own.",
        lambda numbers: one(numbers.costs.child_bytes),
    ),
)
