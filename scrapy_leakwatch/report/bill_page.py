"""The last memory bill, as what a page says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import NoBill
from scrapy_leakwatch.report import stack
from scrapy_leakwatch.report.amounts import change, count, local, size
from scrapy_leakwatch.report.bill import CAME_FIRST, MATTERS
from scrapy_leakwatch.report.opening import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Bill, BillOwner, BillPath, Crawl

MOST_OWNERS = 12
MOST_PATHS = 6
"""Of an owner."""
LITTLE = 1e6
"""Bytes of an owner or a path that, without growth, needs no line of its own."""
UNKNOWN = "\N{EN DASH}"


class Numbers(NamedTuple):
    """What a row has, how it has grown, and how fast.

    ``grew``: that is a good part of all growth.
    """

    size: str
    grown: str = UNKNOWN
    rate: str = UNKNOWN
    grew: bool = False


class Place(NamedTuple):
    """A path below an owner; ``code`` stands at ``location``."""

    path: str
    what: str
    numbers: Numbers
    location: str
    code: str
    likely: bool
    remedy: str


class Owner(NamedTuple):
    """An owner, or what lies beside them; ``note`` says whose it is."""

    name: str
    note: str
    numbers: Numbers
    places: tuple[Place, ...] = ()


class BillPage(NamedTuple):
    """The table, and what stands above it; without ``total`` only ``notes``.

    ``compared``: with an earlier bill, so that there is growth to show. The
    ``children`` have what is not in the ``total``.
    """

    heading: str
    notes: tuple[str, ...]
    compared: bool = False
    owners: tuple[Owner, ...] = ()
    beside: tuple[Owner, ...] = ()
    total: Numbers | None = None
    children: Owner | None = None


def bill_page(crawl: Crawl) -> BillPage | None:
    """Return what a page says of the last bill; None where none was asked for."""
    bill = crawl.last_bill
    if bill is None:
        if not crawl.bills:
            return None
        return BillPage("", tuple(_failed(crawl)))
    notes = ["Not " + CAME_FIRST.removeprefix("not ") + "."] if bill.partial else []
    return BillPage(
        heading=_heading(bill),
        notes=(*notes, *_failed(crawl)),
        compared=bool(bill.since),
        owners=tuple(_owners(bill)),
        beside=tuple(_beside(bill)),
        total=_numbers(bill, bill.rss, bill.rss - bill.since_rss),
        children=_children(bill),
    )


def _failed(crawl: Crawl) -> Iterator[str]:
    last = crawl.bills[-1]
    if isinstance(last, NoBill):
        when = f"{local(last.time):%H:%M:%S}"
        which = "No memory bill" if crawl.last_bill is None else "No bill since then"
        yield sentence(f"{which}, last tried at {when}: {last.reason}")


def _heading(bill: Bill) -> str:
    """Say how much it is, how much it has grown, and how much of it has a name."""
    day = "" if not bill.since or _is_one_day(bill) else "%Y-%m-%d "
    clock = f"{day}%H:%M:%S"
    said = f"At {local(bill.time).strftime(clock)} the process had {size(bill.rss)}"
    if bill.since:
        grown, then = change(bill.rss - bill.since_rss), local(bill.since)
        said += f", {grown} since the first bill at {then.strftime(clock)}"
        said += f", {count(bill.received - bill.since_received)} responses ago"
    return f"{said}. {100 * bill.rss_named_share:.0f} % of it has a name."


def _is_one_day(bill: Bill) -> bool:
    return local(bill.since).date() == local(bill.time).date()


def _owners(bill: Bill) -> Iterator[Owner]:
    """Yield the owners with most, or who grew most, and the others as one."""
    all_of_them = stack.owners(bill)
    weights = sorted(all_of_them, key=lambda each: -max(each.bytes, each.grown_bytes))
    chosen = [each for each in weights[:MOST_OWNERS] if _matters(each)]
    for owner in all_of_them:
        if owner in chosen:
            yield _owner(bill, owner)
    rest = [owner for owner in all_of_them if owner not in chosen]
    if any(owner.bytes or owner.grown_bytes for owner in rest):
        name = "one other" if len(rest) == 1 else f"{len(rest):,} others"
        yield Owner(name, "", _together(bill, rest))


def _owner(bill: Bill, owner: BillOwner) -> Owner:
    notes = []
    if owner.shared_bytes >= LITTLE:
        notes.append(f"{size(owner.shared_bytes)} of it shared")
    if owner.origin == "library" and owner.kind != "unknown":
        notes.append("not your code")
    return Owner(
        owner.name,
        ", ".join(notes),
        _numbers(bill, owner.bytes, owner.grown_bytes),
        tuple(_place(bill, path) for path in _paths(owner)),
    )


def _paths(owner: BillOwner) -> list[BillPath]:
    """Return the largest that matter; of an owner that matters, one in any case."""
    found = sorted(owner.paths, key=lambda path: -path.bytes)
    return [path for path in found if _matters(path)][:MOST_PATHS] or found[:1]


def _matters(one: BillOwner | BillPath) -> bool:
    return one.bytes >= LITTLE or abs(one.grown_bytes) >= LITTLE


def _place(bill: Bill, path: BillPath) -> Place:
    location = path.location or ""
    return Place(
        path=path.path,
        what=_what(path),
        numbers=_numbers(bill, path.bytes, path.grown_bytes),
        location=location,
        code=(path.code or "") if location else "",
        likely=path.likely,
        remedy=sentence(path.fix),
    )


def _what(path: BillPath) -> str:
    """Say what is there: how many of which type, and how many there may be."""
    said = path.type if path.count == 1 else f"{count(path.count)} {path.type}"
    if path.length is not None and path.length != path.count:
        said += f", {count(path.length)} entries"
    if path.bound is not None:
        said += f", at most {count(path.bound)}"
    return said


def _beside(bill: Bill) -> Iterator[Owner]:
    """Yield what no owner has, which with theirs adds up to the total."""
    grown = stack.grown(bill)
    for name, amount in stack.unowned(bill).items():
        if amount or grown.get(name):
            yield Owner(name, "", _numbers(bill, amount, grown.get(name)))


def _children(bill: Bill) -> Owner | None:
    held = bill.layers.children
    return Owner("child processes", "besides", Numbers(size(held))) if held else None


def _together(bill: Bill, owners: list[BillOwner]) -> Numbers:
    return _numbers(
        bill,
        sum(owner.bytes for owner in owners),
        sum(owner.grown_bytes for owner in owners),
    )


def _numbers(bill: Bill, amount: int, grown: int | None) -> Numbers:
    if not bill.since or grown is None:
        return Numbers(size(amount))
    rate = bill.per_1000_responses(grown)
    return Numbers(
        size(amount),
        change(grown),
        UNKNOWN if rate is None else change(rate),
        grew=grown >= max(MATTERS * (bill.rss - bill.since_rss), LITTLE),
    )
