"""What a process remembers of its crawls, and keeps nothing alive by it."""

from __future__ import annotations

import gc
import weakref
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation.freezer import freezer
from scrapy_leakwatch.records import Survivors

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

LONGEST = 32
"""Runs that the series of the survivors goes back."""


@dataclass(frozen=True, slots=True)
class _Ended:
    crawler: weakref.ref[Crawler]
    opened_after: int
    number: int


class Runs:
    """The crawls of a process that have ended, by weak reference."""

    def __init__(self) -> None:
        self._ended: list[_Ended] = []
        self._number = 0
        self._series: deque[int] = deque(maxlen=LONGEST)
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()

    @property
    def number(self) -> int:
        """How many have ended."""
        return self._number

    def end(self, crawler: Crawler, opened_after: int, *, pinned: bool) -> None:
        """Note that a crawl has ended, which began when so many had.

        A ``pinned`` one is known to be held by what it left running.
        """
        if not pinned:
            ended = _Ended(weakref.ref(crawler), opened_after, self._number)
            self._ended.append(ended)
        self._number += 1

    def survivors(self, few: int) -> tuple[Survivors, weakref.WeakSet[Crawler]]:
        """Return the crawlers of ended crawls that are alive, and their number.

        Only from ``few`` on they are counted after a collection; dead cycles may
        be among fewer.
        """
        if len(self._alive()) >= few and not freezer.frozen:
            gc.collect()
        alive = self._alive()
        chain = _in_a_row(alive)
        self._series.append(len(chain))
        crawlers = (ended.crawler() for ended in chain)
        found = weakref.WeakSet(each for each in crawlers if each is not None)
        return Survivors(len(chain), self._number, tuple(self._series)), found

    def add(self, signature: str, count: int) -> int:
        """Count what a signature stands for, and return how much it is by now."""
        self._counts[signature] += count
        return self._counts[signature]

    def is_news(self, signature: str, count: int, again: int) -> bool:
        """Tell whether so much was not told yet, or ``again`` times as much as then."""
        if count < again * self._told[signature]:
            return False
        self._told[signature] = count
        return True

    def _alive(self) -> list[_Ended]:
        self._ended = [ended for ended in self._ended if ended.crawler() is not None]
        return self._ended


def _in_a_row(alive: list[_Ended]) -> list[_Ended]:
    """Return those that ran one after another; side by side is no growth."""
    row: list[_Ended] = []
    for ended in alive:
        if not row or ended.opened_after > row[-1].number:
            row.append(ended)
    return row


runs = Runs()
"""The crawls of this process."""
