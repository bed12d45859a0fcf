"""What the other crawls of a process account for, of memory that is of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from weakref import WeakSet

from scrapy_leakwatch.judge import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.records import Bill, BillLayers, Sample


class Beside:
    """One of the crawls that are watched in this process, as the others see it.

    ``open_crawls`` returns how many crawl now, this one and those that are not
    watched included.
    """

    _watched: ClassVar[WeakSet[Beside]] = WeakSet()
    _last_end: ClassVar[float] = 0.0

    def __init__(self, open_crawls: Callable[[], int] = lambda: 1) -> None:
        self._open_crawls = open_crawls
        self._since: float | None = None
        self._until = self._per_min = 0.0

    @classmethod
    def join(cls, open_crawls: Callable[[], int]) -> Beside:
        """Return one that the others see, until it ends."""
        joined = cls(open_crawls)
        cls._watched.add(joined)
        return joined

    def end(self) -> None:
        """Be seen no more: what the crawl held is free from here on, or dead."""
        if self in Beside._watched:
            Beside._watched.discard(self)
            Beside._last_end = self._until

    def heard(self, sample: Sample, explained_per_min: float) -> None:
        """Tell the others what the verdicts on this crawl account for, in bytes."""
        if self._since is None:
            self._since = sample.time
        self._until = sample.time
        self._per_min = explained_per_min

    @property
    def per_min(self) -> float:
        """Bytes that verdicts on the others account for."""
        return sum(each._per_min for each in self._others())

    def account_for(self, first: Sample, last: Sample, bill: Bill | None) -> bool:
        """Tell whether most of the growth is the others', and each is told its own.

        A bill shows whose it is. Without one, their verdicts must account for it.
        """
        others = self._others()
        if bill is not None and bill.since:
            # What came after the bill nobody has seen.
            grown = max(last.memory.rss, bill.rss) - bill.since_rss
            theirs: float = bill.grown_by("crawl")
            if Beside._last_end >= bill.since:
                theirs += _grown_free(bill)
            if self._open_crawls() > len(others) + 1:
                return False  # nobody else would tell of one that is not watched
        else:
            grown = last.memory.rss - first.memory.rss
            theirs = sum(each._explained(first.time) for each in others)
        return theirs >= thresholds.PATH_SHARE_OF_LIBRARY * grown > 0

    def _others(self) -> list[Beside]:
        return [each for each in list(Beside._watched) if each is not self]

    def _explained(self, since: float) -> float:
        seconds = self._until - max(self._since or 0.0, since)
        return self._per_min * max(seconds, 0.0) / 60


def _grown_free(bill: Bill) -> int:
    """Return the growth of what crawls that ended leave: the dead, and free memory."""
    before = bill.since_layers
    return bill.grown_by("garbage") + (
        _free(bill.layers) - _free(before) if before else 0
    )


def _free(layers: BillLayers) -> int:
    return (layers.python_free or 0) + (layers.malloc_free or 0)
