"""Judges by weight: what has grown from bill to bill, and whether all growth is told.

What an owner keeps is judged by its bytes, a container or not. Between two bills
memory has grown by a quarter; what rose with it in each of the last, and makes up
much of the growth, is what grows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.judge.kinds.inconclusive import is_urgent
from scrapy_leakwatch.judge.layers import outside_python
from scrapy_leakwatch.judge.verdicts import limit_in_s, memory_left
from scrapy_leakwatch.records import (
    Bill,
    Counts,
    Effort,
    Explanation,
    Growth,
    PathStep,
    Price,
    Verdict,
    Weighed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy_leakwatch.records import (
        BillOwner,
        BillPath,
        Kind,
        Layers,
        Origin,
        OwnerKind,
        Sample,
    )

# `watch` asks here whether what it is told is urgent.
__all__ = [
    "BillCase",
    "Grown",
    "is_filling",
    "is_in_flight",
    "is_urgent",
    "verdict_on",
]

PASSING: frozenset[OwnerKind] = frozenset(
    {"scheduler", "downloader", "scraper", "engine", "timer", "task", "crawl"}
)
"""What these hold is on its way, or waits: another rule's."""
NOBODY: frozenset[OwnerKind] = frozenset({"garbage", "unknown"})

WAITERS = frozenset({"Deferred", "Future"})
"""What waits for a lock: Scrapy waits with it, or nobody does."""
WORK = "_WorkItem"
"""What waits for a thread, with what that will work on."""

MOST_BILLS = 24
"""That are compared; of more, every other of the older ones is left out."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a path weighed in one bill."""

    time: float
    received: int
    bytes: int
    count: int


class Grown(NamedTuple):
    """A path that grew: where, by how much of all growth, and how."""

    owner: BillOwner
    path: BillPath
    weights: tuple[Weight, ...]
    share: float

    bill: Bill

    @property
    def name(self) -> str:
        """What it is judged as, among what is judged by its weight."""
        return self.path.path

    @property
    def grown(self) -> int:
        """The bytes it grew by."""
        return self.weights[-1].bytes - self.weights[0].bytes


@dataclass(slots=True)
class BillCase:
    """The bills of one crawl, and the last ones of the crawls before it."""

    spider: str
    ended: tuple[Bill, ...] = ()
    bills: list[Bill] = field(default_factory=list)

    def add(self, bill: Bill) -> None:
        """Remember a bill."""
        self.bills.append(bill)
        if len(self.bills) > MOST_BILLS:
            del self.bills[1 : MOST_BILLS // 2 : 2]

    def grown(self, *, closing: bool = False) -> Iterator[Grown]:
        """Yield what has grown, what grew most first."""
        found: dict[str, Grown] = {}
        if len(self.bills) > thresholds.PATH_STEPS:
            found |= {
                each.name: each
                for each in _grown(self.bills, thresholds.PATH_LEAST, None)
            }
        elif closing and len(self.bills) == thresholds.PATH_STEPS:
            strict = _grown(
                self.bills, thresholds.PATH_MUCH, thresholds.PATH_SHARE_OF_LIBRARY
            )
            found |= {each.name: each for each in strict}
        across = [*self.ended, *self.bills[-1:]]
        if closing and len(across) > thresholds.PATH_STEPS:
            for each in _grown(across, thresholds.PATH_LEAST_ACROSS, None):
                if each.owner.kind in {"module", "code", "logging", "process"}:
                    found.setdefault(each.name, each)
        yield from sorted(found.values(), key=lambda each: -each.grown)

    def in_flight(self, sample: Sample) -> Grown | None:
        """Return what grew most of what waits while Scrapy waits with it."""
        waiting = (each for each in self.grown() if is_in_flight(each, sample))
        return next(waiting, None)

    @property
    def last(self) -> Bill | None:
        """The latest, None as long as there is none."""
        return self.bills[-1] if self.bills else None

    @property
    def suffice(self) -> bool:
        """Tell whether there are enough to tell what grows."""
        return len(self.bills) > thresholds.PATH_STEPS

    def weight_of(self, name: str) -> int | None:
        """Return what the path called ``name`` weighed in the last bill."""
        for owner in self.bills[-1].owners if self.bills else ():
            for path in owner.paths:
                if path.path == name:
                    return path.bytes
        return None

    def is_growth_of(
        self, kind: OwnerKind, share: float = thresholds.NEARLY_ALL
    ) -> bool:
        """Tell whether nearly all growth is that of owners of one kind."""
        if len(self.bills) < thresholds.PATH_STEPS:
            return False
        last = self.bills[-1]
        return last.grown_by(kind) >= share * (last.rss - last.since_rss) > 0

    def are_filling(self, sample: Sample) -> bool:
        """Tell whether most of what memory has grown by is in caches with a bound."""
        last = self.last
        if last is None:
            return False
        kept = sum(
            path.grown_bytes
            for owner in last.owners
            for path in owner.paths
            if _fits(path, last, sample)
        )
        grown = sample.memory.rss - last.since_rss
        return kept >= thresholds.PATH_SHARE_OF_LIBRARY * grown > 0

    @property
    def names_growth(self) -> bool:
        """Tell whether most of what memory had grown by has an owner.

        As of the last bill: the next comes when there is a quarter more. What is told
        of an owner is not told again as memory of one layer.
        """
        if len(self.bills) < thresholds.PATH_STEPS:
            return False
        last = self.bills[-1]
        owned = sum(
            max(owner.grown_bytes, 0)
            for owner in last.owners
            if owner.kind not in NOBODY
        )
        grown = last.rss - last.since_rss
        return owned >= thresholds.PATH_SHARE_OF_LIBRARY * grown > 0

    def names_outside(self, layers: Layers) -> bool:
        """Tell whether the last bill has an owner for most that is outside Python.

        How much of it that bill had before it, ``layers`` tell without what has come
        since then.
        """
        last, outside = self.last, outside_python(layers)
        unnamed = last.layers.native_unnamed if last else None
        if last is None or outside is None or unnamed is None:
            return False
        before = outside - (layers.rss - last.rss)
        return unnamed < (1 - thresholds.PATH_SHARE_OF_LIBRARY) * before


def _grown(bills: Sequence[Bill], least: int, share: float | None) -> Iterator[Grown]:
    total = bills[-1].rss - bills[0].rss
    if total <= 0:
        return
    for owner in bills[-1].owners:
        for path in owner.paths:
            if not _may_be_told(owner, path):
                continue
            weights = tuple(_weight(bill, owner.name, path.path) for bill in bills)
            grown = Grown(
                owner,
                path,
                weights,
                (weights[-1].bytes - weights[0].bytes) / total,
                bills[-1],
            )
            needed = share or _least_share(owner, path)
            heavy = grown.grown >= least and grown.share >= needed
            if heavy and _rises(weights):
                yield grown


def _may_be_told(owner: BillOwner, path: BillPath) -> bool:
    """Tell whether it is for this rule to judge.

    Requests that wait are not; what they carry may be what grows. Neither are pages
    that callbacks work on.
    """
    if path.worked_on:
        return False
    if owner.kind == "scheduler":
        return not path.tracked
    return owner.kind not in PASSING and owner.kind not in NOBODY


def _least_share(owner: BillOwner, path: BillPath) -> float:
    ours = path.origin == "project" and owner.kind not in PASSING
    return thresholds.PATH_SHARE if ours else thresholds.PATH_SHARE_OF_LIBRARY


def _weight(bill: Bill, owner: str, path: str) -> Weight:
    for each in bill.owners:
        if each.name == owner:
            for one in each.paths:
                if one.path == path:
                    return Weight(bill.time, bill.received, one.bytes, one.count)
    return Weight(bill.time, bill.received, 0, 0)


def _rises(weights: Sequence[Weight]) -> bool:
    """Tell whether each of the last steps is a rise."""
    grown = weights[-1].bytes - weights[0].bytes
    steps = (
        thresholds.PATH_STEPS
        if grown >= thresholds.PATH_MUCH
        else thresholds.PATH_MORE_STEPS
    )
    last = weights[-(steps + 1) :]
    if steps > thresholds.PATH_STEPS and len(weights) <= steps:
        return False
    return all(
        after.bytes - before.bytes >= max(thresholds.PATH_RISE * before.bytes, 1)
        for before, after in pairwise(last)
    )


def is_filling(grown: Grown, sample: Sample) -> bool:
    """Tell whether it is a cache that is not full yet, or has become so just now.

    One that is full and grows on has entries that grow, and one that memory is full
    before has a bound that is none.
    """
    path, weights = grown.path, grown.weights
    if not _fits(path, grown.bill, sample):
        return False
    before = weights[max(len(weights) - thresholds.PATH_STEPS - 1, 0)]
    return path.length != path.bound or before.count < weights[-1].count


def _fits(path: BillPath, bill: Bill, sample: Sample) -> bool:
    """Tell whether it has a bound, keeps it, and memory has room for it until then.

    A bound may be one of bytes, as somebody else counts them.
    """
    if path.bound is None or path.length is None or path.length > path.bound:
        return False
    if path.bytes < thresholds.PATH_OF_BOUND * path.bound:
        return True
    known = (memory_left(sample), bill.available)
    left = min((each for each in known if each is not None), default=None)
    until_full = path.bytes / max(path.length, 1) * (path.bound - path.length)
    return left is None or until_full <= left


def is_in_flight(grown: Grown, sample: Sample) -> bool:
    """Tell whether it waits where Scrapy waits with it, and bounds how many do.

    What waits for a lock is no hoard, however much it weighs: where memory rises with
    it, that is said. Work for a thread is, where it weighs too much: Scrapy's bound is
    that of the bodies, not of what is made of them.
    """
    path = grown.path
    few = path.count <= thresholds.WAITERS_EACH * sample.responses.in_flight
    if path.type in WAITERS:
        return few
    work = path.type == WORK or grown.owner.kind == "pool"
    return work and few and grown.grown < thresholds.UNNAMED_LEAST


def verdict_on(
    grown: Grown, spider: str, sample: Sample
) -> tuple[Verdict, Explanation]:
    """Return the verdict on what grew, with what is known of it."""
    path, owner = grown.path, grown.owner
    kind: Kind = "leak" if path.tracked else "hoard"
    growth = _growth(grown.weights)
    found = _explanation(grown, spider)
    verdict = Verdict(
        kind=kind,
        subject=path.path,
        class_path=path.type,
        spider=spider,
        count=path.count,
        unaccounted=path.bytes,
        growth=growth,
        confidence="high",
        oldest_s=0.0,
        example_url="",
        signature=found.signature,
        limit=sample.memory_limit,
        limit_in_s=limit_in_s(sample, growth.per_min),
        holder=path.path,
        owner=owner.name,
        bytes=path.bytes,
        share_of_growth=min(max(grown.share, 0.0), 1.0),
        facts=Weighed(),
    )
    return verdict, found


def _growth(weights: Sequence[Weight]) -> Growth:
    first, last = weights[0], weights[-1]
    grown = last.bytes - first.bytes
    return Growth(
        floors=tuple(weight.bytes for weight in weights[-5:]),
        per_1000_responses=1000 * grown / max(last.received - first.received, 1),
        per_min=60 * grown / max(last.time - first.time, 1e-3),
    )


def _explanation(grown: Grown, spider: str) -> Explanation:
    path, owner = grown.path, grown.owner
    each = path.bytes // max(path.count, 1)
    return Explanation(
        subject=path.path,
        class_path=path.type,
        spider=spider,
        holder=path.path,
        owner=owner.name,
        origin=_origin(path, owner),
        path=(PathStep(path.path, ""),),
        expression=path.path,
        location=path.location,
        code=path.code,
        fix=path.fix,
        signature=signature(spider, "bill", owner.name, path.path),
        owner_kind=owner.kind,
        likely=path.likely,
        counts=Counts(path.count, path.count),
        price=Price(each, path.bytes),
        contents=f"{path.count:,} {path.type}",
        known=path.known,
        effort=Effort(
            grown.bill.stall_ms, grown.bill.analysis_ms, grown.bill.child_memory_bytes
        ),
    )


def _origin(path: BillPath, owner: BillOwner) -> Origin:
    return "library" if "library" in {path.origin, owner.origin} else "project"
