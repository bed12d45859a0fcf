"""Keeps series of any length in a bounded number of points."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from scrapy_leakwatch.records import Series

_Record = TypeVar("_Record")

Key: TypeAlias = "tuple[str, str]"
"""What a value is of: a group, such as ``live``, and a name in it."""

MOST_OPEN = 256
"""Samples that are kept until their extremes are sought, all at once."""
MOST_NAMES = 100
"""In each group; of more, those that reached the highest values are kept."""


class _Extremes(NamedTuple):
    low: float
    high: float
    low_first: bool


class _Span:
    """Neighbouring samples, of which the extremes of each series are kept."""

    __slots__ = ("_values", "extremes", "first", "last", "size")

    def __init__(self, time: float) -> None:
        self.first = self.last = time
        self.size = 0
        self.extremes: dict[Key, _Extremes] = {}
        self._values: defaultdict[Key, list[float]] = defaultdict(list)

    def add(self, time: float, values: Mapping[Key, float]) -> None:
        self.last = time
        self.size += 1
        for key, value in values.items():
            self._values[key].append(value)
        if not self.size % MOST_OPEN:
            self.close()

    def close(self) -> None:
        """Find the extremes of what was added; `min` beats a look at each."""
        for key, values in self._values.items():
            low, high = min(values), max(values)
            first = values.index(low) <= values.index(high)
            found = _Extremes(low, high, low_first=first)
            ours = self.extremes.get(key)
            self.extremes[key] = found if ours is None else _merged(ours, found)
        self._values.clear()

    def merge(self, later: _Span) -> None:
        self.last = later.last
        self.size += later.size
        for key, theirs in later.extremes.items():
            ours = self.extremes.get(key)
            self.extremes[key] = theirs if ours is None else _merged(ours, theirs)


def _merged(ours: _Extremes, theirs: _Extremes) -> _Extremes:
    lower, higher = theirs.low < ours.low, theirs.high > ours.high
    if lower and higher:
        return theirs
    return _Extremes(
        low=theirs.low if lower else ours.low,
        high=theirs.high if higher else ours.high,
        low_first=not lower and (higher or ours.low_first),
    )


class Thinner:
    """Series over one time axis, in at most ``points`` points.

    Up to that many samples each is a point. From then on a point stands for
    more and more of them: each span of samples has two, the lowest and the
    highest value of each series, in the order in which they came.
    """

    def __init__(self, points: int) -> None:
        self._points = max(points, 4)
        self._width = 1
        self._spans: list[_Span] = []
        self._names: set[Key] = set()

    def add(self, time: float, values: Mapping[Key, float]) -> None:
        """Add a sample; times must not fall."""
        if not self._spans or self._spans[-1].size >= self._width:
            self._close()
            while len(self._spans) >= self._room:
                self._halve()
            self._spans.append(_Span(time))
        self._spans[-1].add(time, self._known(values))

    def times(self) -> tuple[float, ...]:
        """Return the time axis."""
        return tuple(
            time
            for span in self._spans
            for time in ((span.first, span.last) if span.size > 1 else (span.first,))
        )

    def series(self, group: str) -> dict[str, Series]:
        """Return the series of a group by name."""
        self._close()
        self._forget()
        return {
            key[1]: tuple(self._values(key))
            for key in sorted(self._names)
            if key[0] == group
        }

    @property
    def names(self) -> Set[Key]:
        """Return what there are series of."""
        return self._names

    @property
    def _room(self) -> int:
        return self._points if self._width == 1 else self._points // 2

    def _values(self, key: Key) -> list[float | None]:
        values: list[float | None] = []
        for span in self._spans:
            found = span.extremes.get(key)
            if found is None:
                values += [None] * min(span.size, 2)
            elif span.size == 1:
                values.append(found.low)
            else:
                pair = found.low, found.high
                values += pair if found.low_first else reversed(pair)
        return values

    def _close(self) -> None:
        if self._spans:
            self._spans[-1].close()

    def _halve(self) -> None:
        self._width *= 2
        pairs = zip_longest(self._spans[::2], self._spans[1::2])
        self._spans = []
        for first, second in pairs:
            if second is not None:
                first.merge(second)
            self._spans.append(first)
        self._forget()

    def _known(self, values: Mapping[Key, float]) -> Mapping[Key, float]:
        """Return the values, without those that there is no room for."""
        if self._names.issuperset(values):
            return values
        room = 4 * MOST_NAMES
        sizes = Counter(group for group, _ in self._names)
        for key in values:
            if key not in self._names and sizes[key[0]] < room:
                self._names.add(key)
                sizes[key[0]] += 1
        return {key: value for key, value in values.items() if key in self._names}

    def _forget(self) -> None:
        sizes = Counter(group for group, _ in self._names)
        for group in (group for group, size in sizes.items() if size > MOST_NAMES):
            names = sorted(
                (key for key in self._names if key[0] == group), key=self._peak
            )
            for key in names[:-MOST_NAMES]:
                self._names.discard(key)
                for span in self._spans:
                    span.extremes.pop(key, None)

    def _peak(self, key: Key) -> float:
        return max(
            (span.extremes[key].high for span in self._spans if key in span.extremes),
            default=0.0,
        )


class Evenly(Generic[_Record]):
    """Of records without number at most ``most``: the first, the last, each n-th."""

    def __init__(self, most: int) -> None:
        self._most = max(most, 2)
        self._kept: list[_Record] = []
        self._last: _Record | None = None
        self._step = 1
        self._seen = 0

    def add(self, record: _Record) -> None:
        """Add the next record."""
        self._last = record
        if self._seen % self._step == 0:
            self._kept.append(record)
            if len(self._kept) >= self._most:  # one place is the last one's
                del self._kept[1::2]
                self._step *= 2
        self._seen += 1

    def records(self) -> list[_Record]:
        """Return those that are kept, in the order in which they came."""
        if self._last is None or self._kept[-1] is self._last:
            return [*self._kept]
        return [*self._kept, self._last]
