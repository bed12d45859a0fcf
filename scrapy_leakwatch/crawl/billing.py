"""Decides when a crawl's memory bill is due, and remembers what it needs of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from scrapy_leakwatch.explain import BillRequest
from scrapy_leakwatch.records import Bill

if TYPE_CHECKING:
    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import NoBill, Sample

LEAST_GROWN = 32_000_000
LEAST_SHARE = 0.25
"""Bytes, and the part of what there was, that memory grows by between two bills: an
hour of growth costs some ten forks."""
EARLY = 8
EARLY_GROWN = 3_000_000
EARLY_SHARE = 0.03
EARLY_COST_S = 2.0
EARLY_COST = 0.03
"""So many bills are taken after less growth, while looking has taken no longer than
this and this part of the crawl so far: what is slow is to be told in hours, too, and
what a pipeline writes out as it closes is seen before that."""
LEAST_AT_CLOSE = 4_000_000
LEAST_SHARE_AT_CLOSE = 0.04
LEAST_BETWEEN_CRAWLS = 250_000
"""From the end of a short crawl to that of the next, for the first few of a process."""
AGAIN_S = 60.0
"""After one that could not be had."""
MOST_KEPT = 8
"""Bills of earlier crawls of the process, the last of each."""


class Bills:
    """The bills of one crawl: the first, which all others are compared with.

    ``ended`` are the last bills of the crawls that the process ran before, the
    oldest first: what grows from crawl to crawl shows in them.
    """

    ended: ClassVar[list[Bill]] = []
    crawls: ClassVar[int] = 0
    """Those of the process that have ended."""

    def __init__(self, config: Config) -> None:
        self._wanted = config.bill and config.explain
        self._min_samples = config.min_samples
        self._samples = 0
        self._children: int | None = None
        self._first: Bill | None = None
        self._last: Bill | None = None
        self._fullest: Bill | None = None
        self._early = 0
        self._taken_s = 0.0
        self._refused: NoBill | None = None

    @property
    def fullest(self) -> Bill | None:
        """The one whose owners had most: what is let go of at close is in it."""
        return self._fullest

    def is_due(self, sample: Sample, *, closing: bool = False) -> bool:
        """Tell whether memory has grown enough for another bill.

        When a crawl closes less is enough, for there will be no later one.
        """
        self._samples += not closing
        rss, last = sample.memory.rss, self._last
        if not self._wanted or self._was_refused_lately(sample):
            return False
        if self._samples < self._min_samples:
            return closing and self._grew_from_crawl_to_crawl(rss)
        if last is None:
            return True
        if closing:
            return self._grew_until_close(last.rss, rss)
        return _grew(last.rss, rss, LEAST_GROWN, LEAST_SHARE) or (
            self._early < EARLY
            and _grew(last.rss, rss, EARLY_GROWN, EARLY_SHARE)
            and self._taken_s <= EARLY_COST_S + EARLY_COST * sample.elapsed_s
        )

    def _was_refused_lately(self, sample: Sample) -> bool:
        refused = self._refused
        return (
            refused is not None
            and sample.time < refused.time + AGAIN_S
            and not _grew(refused.rss, sample.memory.rss, LEAST_GROWN, LEAST_SHARE)
        )

    def request(self, sample: Sample) -> BillRequest:
        """Return what is to be asked now."""
        self._children = sample.children.bytes if sample.children else None
        before: dict[tuple[str, str], int] = {}
        first = self._first or next(iter(Bills.ended), None)
        if first is not None:
            for owner in first.owners:
                before[owner.name, ""] = owner.bytes
                before |= {(owner.name, path.path): path.bytes for path in owner.paths}
        return BillRequest(before, sample.received)

    def keep(self, bill: Bill | NoBill) -> Bill | NoBill:
        """Remember a bill, and return it with what the first one was."""
        if not isinstance(bill, Bill):
            self._refused = bill
            return bill
        bill = replace(bill, layers=replace(bill.layers, children=self._children))
        self._refused = None
        self._taken_s += bill.analysis_ms / 1000
        if self._last is not None and not _grew(
            self._last.rss, bill.rss, LEAST_GROWN, LEAST_SHARE
        ):
            self._early += 1
        if self._first is None:
            self._first = bill = _without_growth(bill)
        else:
            first = self._first
            bill = replace(
                bill,
                since=first.time,
                since_rss=first.rss,
                since_received=first.received,
                since_layers=first.layers,
            )
        self._last = bill
        if self._fullest is None or bill.owned >= self._fullest.owned:
            self._fullest = bill
        return bill

    def end(self) -> None:
        """Keep the last bill for the crawls that come after this one."""
        Bills.crawls += 1
        if self._last is not None:
            Bills.ended.append(self._last)
            del Bills.ended[1:-MOST_KEPT]

    def _grew_until_close(self, before: int, rss: int) -> bool:
        if Bills.crawls and abs(rss - before) >= LEAST_AT_CLOSE:
            return True
        return _grew(before, rss, LEAST_AT_CLOSE, LEAST_SHARE_AT_CLOSE)

    def _grew_from_crawl_to_crawl(self, rss: int) -> bool:
        """Tell whether a short crawl is one of a row that leaves more and more."""
        if not Bills.crawls or not Bills.ended:
            return bool(Bills.crawls)
        many = Bills.crawls > EARLY
        least = LEAST_AT_CLOSE if many else LEAST_BETWEEN_CRAWLS
        return rss - Bills.ended[-1].rss >= least


def _without_growth(bill: Bill) -> Bill:
    """Return the first bill of a crawl: what was before it is another's."""
    owners = tuple(
        replace(
            owner,
            grown_bytes=0,
            paths=tuple(replace(path, grown_bytes=0) for path in owner.paths),
        )
        for owner in bill.owners
    )
    return replace(bill, owners=owners)


def _grew(before: int, now: int, least: int, share: float) -> bool:
    return now - before >= max(least, share * before)
