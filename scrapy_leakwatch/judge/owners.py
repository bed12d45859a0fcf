"""Compares who has the memory in two crawls, by how fast it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import OwnerChange, OwnersRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Bill, BillOwner, Crawl, OwnerKind, Turn

TOGETHER: frozenset[OwnerKind] = frozenset({"code", "garbage"})
"""The kinds of owners whose names say little: they are compared together."""

Key = tuple["OwnerKind", str]


def owners(before: Crawl, after: Crawl) -> tuple[OwnerChange, ...]:
    """Return whose growth differs noticeably, the worst first, or who is new."""
    old, new = before.last_bill, after.last_bill
    if old is None or new is None or not_comparable(before, after):
        return ()
    return tuple(sorted(_changes(old, new), key=lambda each: -each.difference))


def not_comparable(before: Crawl, after: Crawl) -> OwnersRefusal | None:
    """Return why one of two crawls with bills can't be compared by its owners.

    None where both can be, and where neither has a bill: then nobody asked.
    """
    if not before.bills and not after.bills:
        return None
    if (lacks := _lacks(before)) is not None:
        return OwnersRefusal("before", lacks)
    if (lacks := _lacks(after)) is not None:
        return OwnersRefusal("after", lacks)
    return None


def _lacks(crawl: Crawl) -> Literal["bill", "growth", "responses"] | None:
    bill = crawl.last_bill
    if bill is None:
        return "bill"
    if not bill.since:
        return "growth"
    return "responses" if bill.per_1000_responses(0) is None else None


def _changes(before: Bill, after: Bill) -> Iterator[OwnerChange]:
    old, new = _rates(before), _rates(after)
    heavy = {
        _key(each) for each in after.owners if each.bytes >= thresholds.OWNER_NOTICEABLE
    }
    for kind, name in {**old, **new}:
        was, now = old.get((kind, name)), new.get((kind, name))
        apart = abs((now or 0.0) - (was or 0.0)) >= thresholds.OWNER_NOTICEABLE
        is_new = was is None and (now or 0.0) > 0 and (kind, name) in heavy
        if apart or is_new:
            yield OwnerChange(_turn(was, now), kind, name, was, now)


def _rates(bill: Bill) -> dict[Key, float]:
    """Return how many bytes stay of 1,000 responses, by the owner."""
    found: dict[Key, float] = {}
    for owner in bill.owners:
        rate = bill.per_1000_responses(owner.grown_bytes) or 0.0
        found[_key(owner)] = found.get(_key(owner), 0.0) + rate
    return found


def _key(owner: BillOwner) -> Key:
    return owner.kind, "" if owner.kind in TOGETHER else owner.name


def _turn(was: float | None, now: float | None) -> Turn:
    if was is None:
        return "new"
    if now is None:
        return "gone"
    return "grown" if now > was else "shrunk"
