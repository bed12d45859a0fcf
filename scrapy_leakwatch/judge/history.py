"""The past of a crawl, in a fixed space however long it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from scrapy_leakwatch.judge.growth import Point
from scrapy_leakwatch.records import REQUESTS, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scrapy_leakwatch.records import Held, Sample

MOST = 128
MOST_SERIES = 200
FORGOTTEN = 32
"""Samples after which a container that has become short is forgotten."""
MOST_CONTAINERS = 50
"""In a sample; where there are as many, others may be missing."""
QUEUE = "scheduler memory queue"
RSS = "memory"
CHILDREN = "child processes"
OVERDUE = "callbacks that do not end"
"""What have a series of lengths besides the containers."""
RESOURCES = "resources/"
"""What the names of resources begin with, as suspicions are judged as."""

Series = dict[str, list[Point]]
Each = TypeVar("Each")


class History:
    """Two series for each kind of object: what samples and what floors saw.

    And one for the length of each container, of the queue and of the memory, for the
    number of each kind of resource, and for the bytes of all child processes and of
    each program that they run.
    There is one point a sample, and one for all floors between two. When a
    series has 128, its older half is joined in pairs: the recent past stays
    exact, the distant one grows coarse, and a pair keeps its lower point.
    """

    def __init__(self) -> None:
        self._levels: Series = {}
        self._floors: Series = {}
        self._lengths: Series = {}
        self._programs: Series = {}
        self._resources: Series = {}
        self._before: tuple[float, int] | None = None

    def levels(self, subject: str) -> Sequence[Point]:
        """Return what the samples saw, dead cycles and all, oldest first."""
        return self._levels.get(subject, ())

    def floors(self, subject: str) -> Sequence[Point]:
        """Return what full collections left, oldest first."""
        return self._floors.get(subject, ())

    def lengths(self, name: str) -> Sequence[Point]:
        """Return how long a family of containers was, or its bytes, oldest first."""
        return self._lengths.get(name, ())

    def program(self, name: str) -> Sequence[Point]:
        """Return the bytes of the child processes that run a program, oldest first."""
        return self._programs.get(name, ())

    def resources(self, judged_as: str) -> Sequence[Point]:
        """Return how many of a resource there were, such as ``resources/threads``."""
        return self._resources.get(judged_as, ())

    def latest(self, judged_as: str) -> int:
        """Return how many of a suspicion's subject the last sample saw, else 0."""
        points = (
            self._levels.get(judged_as)
            or self._lengths.get(judged_as)
            or self._resources.get(judged_as)
        )
        return points[-1].held if points else 0

    def add(self, sample: Sample) -> None:
        """Remember a sample and the floors since the one before."""
        lengths: dict[str, int] = {}
        for each in sample.containers:
            lengths[each.family] = lengths.get(each.family, 0) + each.len
        lengths = self._gone(sample) | lengths
        lengths[RSS] = sample.memory.rss
        if sample.children is not None:
            lengths[CHILDREN] = sample.children.bytes
            programs = {each.name: each.bytes for each in sample.children.programs}
            programs = {**dict.fromkeys(self._programs, 0), **programs}
            _append(self._programs, _points(sample.time, sample.received, programs))
        if sample.requests.queued_memory is not None:
            lengths[QUEUE] = sample.requests.queued_memory
        if sample.progress is not None:
            lengths[OVERDUE] = sample.progress.overdue
        if self._before is not None:
            # What is new here was too short to be named in the sample before.
            new = dict.fromkeys(set(lengths) - set(self._lengths), 0)
            _append(self._lengths, _points(*self._before, new))
        self._before = sample.time, sample.received
        _append(self._lengths, _points(sample.time, sample.received, lengths))
        counted = fields_of(sample.resources) if sample.resources else {}
        taken = {
            f"{RESOURCES}{name}": count
            for name, count in counted.items()
            if count is not None
        }
        _append(self._resources, _points(sample.time, sample.received, taken))
        held = _with_the_gone(self._levels, sample.held)
        _append(self._levels, _points(sample.time, sample.received, held))
        lowest: dict[str, Point] = {}
        for floor in sample.floors:
            held = _with_the_gone(self._floors, floor.held)
            for subject, point in _points(floor.time, floor.received, held):
                lowest[subject] = _lower(lowest.get(subject, point), point)
        _append(self._floors, lowest.items())

    def _gone(self, sample: Sample) -> dict[str, int]:
        """Return the containers that were long; those long gone are forgotten.

        Where a sample has as many as it may, they are no longer than the shortest.
        """
        full = len(sample.containers) >= MOST_CONTAINERS
        most = min(each.len for each in sample.containers) if full else 0
        for name, points in list(self._lengths.items()):
            if len(points) > FORGOTTEN and not any(
                point.held for point in points[-FORGOTTEN:]
            ):
                del self._lengths[name]
        return {
            name: min(points[-1].held, most)
            for name, points in self._lengths.items()
            if name not in {RSS, QUEUE, CHILDREN, OVERDUE}
        }


def _with_the_gone(series: Series, held: Held) -> Held:
    """Return ``held`` with 0 for the classes of which nothing lives any more.

    Where requests are missing, their number is not known.
    """
    return {each: 0 for each in series if each != REQUESTS} | dict(held)


def _points(time: float, received: int, held: Held) -> list[tuple[str, Point]]:
    return [(subject, Point(time, received, count)) for subject, count in held.items()]


def _append(series: Series, points: Iterable[tuple[str, Point]]) -> None:
    for subject, point in points:
        if subject not in series and len(series) >= MOST_SERIES:
            stalest = min(series, key=lambda name: series[name][-1].time)
            if series[stalest][-1].time >= point.time:
                continue
            del series[stalest]
        past = series.setdefault(subject, [])
        past.append(point)
        shorten(past, _lower)


def shorten(past: list[Each], lower: Callable[[Each, Each], Each]) -> None:
    """Join the older half of a series in pairs where it has become long."""
    if len(past) >= MOST:
        old, recent = past[: MOST // 2], past[MOST // 2 :]
        pairs = zip(old[::2], old[1::2], strict=True)
        past[:] = [lower(*pair) for pair in pairs] + recent


def _lower(before: Point, after: Point) -> Point:
    return before if before.held <= after.held else after
