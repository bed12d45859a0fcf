"""Keeps what the samples of a recording count, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.recordings import parsing
from scrapy_leakwatch.recordings.thinning import Thinner
from scrapy_leakwatch.records import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.recordings.lines import Line
    from scrapy_leakwatch.recordings.thinning import Key

GROUPS = ("requests", "responses", "memory")
SINGLE = ("received", "memory_limit", "cost_ms")


class TimelineKeeper:
    """The series of a recording, thinned while they come."""

    def __init__(self, points: int) -> None:
        self._thinner = Thinner(points)
        self._classes: set[Key] = set()
        self._time = 0.0

    def add(self, line: Line) -> None:
        """Add the line of a sample. Raises `ValueError` where it makes no sense."""
        time = parsing.moment(line.get("time"))
        values = dict.fromkeys(self._classes, 0.0)
        values.update(_values(line))
        self._time = max(self._time, time)  # clocks are put back now and then
        self._thinner.add(self._time, values)
        self._classes = {key for key in self._thinner.names if key[0] == "live"}

    def timeline(self) -> Timeline:
        """Return what was kept."""
        series = self._thinner.series
        single = series("")
        return Timeline(
            times=self._thinner.times(),
            live=series("live"),
            containers=series("containers"),
            requests=series("requests"),
            responses=series("responses"),
            memory=series("memory"),
            received=single.get("received", ()),
            memory_limit=single.get("memory_limit", ()),
            cost_ms=single.get("cost_ms", ()),
        )


def _values(line: Line) -> Iterator[tuple[Key, float]]:
    for path, live in parsing.mapping(line.get("live", {})).items():
        yield ("live", parsing.text(path)), parsing.number(live["count"])
    for group in GROUPS:
        for name, value in parsing.mapping(line.get(group, {})).items():
            if value is not None:
                yield (group, parsing.text(name)), parsing.number(value)
    for each in line.get("containers", ()):
        name = parsing.text(each["name"])
        yield ("containers", name), parsing.number(each["len"])
    for name in SINGLE:
        if line.get(name) is not None:
            yield ("", name), parsing.number(line[name])
