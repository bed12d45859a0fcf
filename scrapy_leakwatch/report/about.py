"""What a report says of the crawl as such: its size, cost, versions, settings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import effort_of
from scrapy_leakwatch.report.amounts import count, moment, size, span

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Crawl

STILL_RUNS = 3
"""Intervals since the last line, up to which a crawl without an end may run."""


class Fact(NamedTuple):
    """A name and what is said of it."""

    name: str
    text: str


def notes(crawl: Crawl) -> list[str]:
    """Return what one should know before one trusts the rest."""
    told = []
    if not crawl.complete:
        told.append(_unended(crawl))
    if crawl.broken:
        lines = "line was" if crawl.broken == 1 else "lines were"
        told.append(f"{count(crawl.broken)} {lines} no line of a recording: left out.")
    if crawl.step > 1:
        told.append(
            f"Of {count(crawl.samples)} samples the charts are of every"
            f" {count(crawl.step)}th; no verdict is left out."
        )
    if crawl.forgotten:
        told.append(f"The first {count(crawl.forgotten)} verdicts are left out.")
    return told


def _unended(crawl: Crawl) -> str:
    interval = crawl.run.config.get("LEAKWATCH_INTERVAL")
    known = interval if isinstance(interval, (int, float)) else 10.0
    if time.time() - crawl.ended <= STILL_RUNS * known:
        return "The crawl was running when this report was made: it may yet change."
    return (
        f"The recording stops after {span(crawl.ended - crawl.run.time)}, without an"
        " end: the crawl was killed, or it still runs."
    )


def tiles(crawl: Crawl) -> list[Fact]:
    """Return the few numbers that say how large the crawl was."""
    shown = [Fact("Time", span(crawl.ended - crawl.run.time))]
    if crawl.last is not None:
        last, line = crawl.last, crawl.timeline
        if line.received:
            shown.append(Fact("Responses", count(last.received)))
        shown.append(Fact("Memory at the end", size(last.memory.rss)))
        shown.append(Fact("Memory at most", size(last.memory.rss_peak)))
        shown.append(Fact("Requests queued", count(last.requests.queued_memory)))
    shown.append(Fact("Samples", count(crawl.samples)))
    return shown


def watched(crawl: Crawl) -> str:
    """Return what was looked at, for who was told nothing."""
    line = crawl.timeline
    classes = sorted({path.rpartition(".")[2] for path in line.live})
    named = f"live objects of {_few(classes)}" if classes else "no class"
    boxes = len(line.containers)
    lengths = f"; the lengths of {count(boxes)} containers" if boxes else ""
    return (
        f"{count(crawl.samples)} samples: {named}; who owns each request and response;"
        f" the memory of the process{lengths}."
    )


def _few(names: list[str]) -> str:
    most = 8
    rest = f" and {len(names) - most} more classes" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def costs(crawl: Crawl) -> list[Fact]:
    """Return what LeakWatch itself took of the crawl."""
    found = [each.found for each in crawl.told if each.found is not None]
    looks = {id(each): each for each in (*found, *crawl.dismissed, *crawl.layers)}
    samples = [value for value in crawl.timeline.cost_ms if value is not None]
    shown = []
    if samples:
        shown.append(Fact("The slowest sample", f"{max(samples):,.1f} ms"))
    shown.append(Fact("Looks into the heap", count(len(looks))))
    if looks:
        each = [effort_of(look) for look in looks.values()]
        stall = max(effort.stall_ms for effort in each)
        taken = max(effort.analysis_ms for effort in each)
        memory = max(effort.child_memory_bytes for effort in each)
        shown += [
            Fact("The longest pause for one", f"{stall:,.1f} ms"),
            Fact("The longest, in a child process", f"{taken / 1e3:,.1f} s"),
            Fact("The most memory of a child", size(memory)),
        ]
    return shown


def versions(crawl: Crawl) -> list[Fact]:
    """Return the versions that ran."""
    return [Fact(name, text) for name, text in crawl.run.versions.items()]


def recording(crawl: Crawl) -> list[Fact]:
    """Return where all this is from."""
    return [
        Fact("File", crawl.path.name),
        Fact("Begun", moment(crawl.run.time)),
        Fact("Ended" if crawl.complete else "Last line", moment(crawl.ended)),
        Fact("Samples", count(crawl.samples)),
        Fact("Process", str(crawl.run.pid)),
    ]


def settings(crawl: Crawl) -> list[Fact]:
    """Return the settings of LeakWatch in that crawl."""
    return [Fact(name, _written(value)) for name, value in crawl.run.config.items()]


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
