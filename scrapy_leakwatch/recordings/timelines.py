"""Keeps what the samples of a recording count, over time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from scrapy_leakwatch.recordings import parsing
from scrapy_leakwatch.recordings.thinning import Thinner
from scrapy_leakwatch.records import Timeline

if TYPE_CHECKING:
    from scrapy_leakwatch.recordings.lines import Line
    from scrapy_leakwatch.recordings.thinning import Key

GROUPS = ("requests", "responses", "memory", "resources")
SINGLE = ("received", "memory_limit", "cost_ms")


class TimelineKeeper:
    """The series of a recording, thinned while they come."""

    def __init__(self, points: int) -> None:
        self._thinner = Thinner(points)
        self._gone: dict[Key, float] = {}
        self._known = 0
        self._time = 0.0

    def add(self, line: Line) -> None:
        """Add the line of a sample. Raises `ValueError` where it makes no sense."""
        time = parsing.moment(line.get("time"))
        values = {**self._gone, **_values(line)}
        # Text is no summand, and what is infinite or absurd makes the sum so.
        parsing.number(sum(map(abs, values.values())))
        self._time = max(self._time, time)  # clocks are put back now and then
        self._thinner.add(self._time, values)
        if len(self._thinner.names) != self._known:
            self._known = len(self._thinner.names)
            self._gone = {key: 0 for key in self._thinner.names if key[0] == "live"}

    def timeline(self) -> Timeline:
        """Return what was kept."""
        series = self._thinner.series
        single = series("")
        return Timeline(
            times=self._thinner.times(),
            live={
                # A class that a sample does not name has no instance then.
                path: tuple(value or 0 for value in values)
                for path, values in series("live").items()
            },
            containers=series("containers"),
            requests=series("requests"),
            responses=series("responses"),
            memory=series("memory"),
            resources=series("resources"),
            received=single.get("received", ()),
            memory_limit=single.get("memory_limit", ()),
            children=single.get("children", ()),
            cost_ms=single.get("cost_ms", ()),
        )


def _values(line: Line) -> dict[Key, float]:
    values = {
        _key("live", parsing.cut(path)): live["count"]
        for path, live in parsing.mapping(line.get("live", {})).items()
    }
    for group in GROUPS:
        for name, value in parsing.mapping(line.get(group, {})).items():
            if value is not None:
                values[_key(group, parsing.cut(name))] = value
    for each in line.get("containers", ()):
        values[_key("containers", parsing.cut(each["name"]))] = each["len"]
    for name in SINGLE:
        if line.get(name) is not None:
            values["", name] = line[name]
    if line.get("children") is not None:
        values["", "children"] = parsing.mapping(line["children"]).get("bytes", 0)
    return values


@lru_cache(maxsize=1000)
def _key(group: str, name: str) -> Key:
    return group, parsing.text(name)
