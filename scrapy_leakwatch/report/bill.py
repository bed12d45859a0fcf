"""The memory bill as a table: who has the memory, and what has grown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import Bill, BillOwner, NoBill
from scrapy_leakwatch.report.amounts import MEGABYTE, local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.records import BillLayers, BillPath, Crawl

    AnyBill = Bill | NoBill

LITTLE = 1e6
"""Bytes of an owner that is not worth a line of its own, if it does not grow."""
MATTERS = 0.1
"""Of all that is there, or has grown: so much is worth a line in any case."""
MOSTLY = 0.8
"""Of an owner's bytes: a path with less is told with its own."""
WIDEST_NAME = 40
SUMMED = {"code": "code and modules", "garbage": "garbage"}
"""By kind: the owners who are told together, and how they are called."""
CAME_FIRST = "not all is counted: the time limit came first"


class _Row(NamedTuple):
    """A line of the table: ``grown`` is None where it is not known."""

    name: str
    bytes: int
    grown: int | None = None
    more: str = ""


def table(bill: AnyBill) -> str:
    """Return the bill, an owner a line; of what could not be had, why."""
    if isinstance(bill, NoBill):
        return f"No bill: {bill.reason}"
    rows = [*_owned(bill), *_summed(bill), *_layered(bill)]
    return "\n".join([_heading(bill), *_aligned(rows)])


def fullest(crawl: Crawl) -> AnyBill | None:
    """Return the bill whose owners had most, where all failed the last reason."""
    return crawl.fullest_bill or next(reversed(crawl.bills), None)


def of_crawl(crawl: Crawl) -> str:
    """Return the fullest bill of a recording, empty where none was asked for."""
    found = fullest(crawl)
    if found is None:
        return ""
    shown = table(found)
    newest = crawl.bills[-1]
    if newest is not found and isinstance(newest, NoBill):
        return f"{shown}\n  no bill since then: {newest.reason}"
    return shown


def _heading(bill: Bill) -> str:
    total = f"Memory: {_size(bill.rss)}"
    if bill.since:
        total += f", {_growth(bill.rss - bill.since_rss)} since {_since(bill)}"
    named = f"{100 * bill.rss_named_share:.0f} % of it named"
    return "; ".join([total, named, *([CAME_FIRST] if bill.partial else ())])


def _since(bill: Bill) -> str:
    then, now = local(bill.since), local(bill.time)
    day = "" if then.date() == now.date() else "%Y-%m-%d "
    return then.strftime(f"{day}%H:%M")


def _owned(bill: Bill) -> Iterator[_Row]:
    """Yield the owners with their largest paths, and the little ones as one."""
    owners = [owner for owner in bill.owners if owner.kind not in SUMMED]
    little = [owner for owner in owners if _is_little(owner)]
    for owner in sorted(owners, key=lambda owner: -owner.bytes):
        if _is_little(owner):
            continue
        paths = _largest_first(owner)
        more = _place(paths[0], owner) if paths else ""
        yield _Row(owner.name, owner.bytes, _since_first(bill, owner), more)
        yield from _further(bill, paths[1:])
    if little:
        rest = _together(f"{len(little):,} other{'s' * (len(little) > 1)}", little)
        yield _Row(rest.name, rest.bytes, _since_first(bill, rest))


def _summed(bill: Bill) -> Iterator[_Row]:
    """Yield what has no owner that a person could blame; of it what matters."""
    for kind, name in SUMMED.items():
        owners = [owner for owner in bill.owners if owner.kind == kind]
        if owners:
            all_of_it = _together(name, owners)
            yield _Row(name, all_of_it.bytes, _since_first(bill, all_of_it))
            yield from _further(bill, _largest_first(all_of_it))


def _layered(bill: Bill) -> Iterator[_Row]:
    before = dict(_layers(bill.since_layers)) if bill.since_layers else {}
    for name, now in _layers(bill.layers):
        if now is not None:
            then = before.get(name)
            yield _Row(name, now, None if then is None else now - then)


def _layers(layers: BillLayers) -> Iterator[tuple[str, int | None]]:
    free = [layers.python_free, layers.malloc_free]
    known = [each for each in free if each is not None]
    yield "free in the allocators", sum(known) if known else None
    yield "child processes", layers.children
    yield "mapped files", layers.files
    yield "not named", layers.native_unnamed


def _is_little(owner: BillOwner) -> bool:
    return owner.bytes < LITTLE and not _megabytes(owner.grown_bytes)


def _since_first(bill: Bill, owner: BillOwner) -> int | None:
    return owner.grown_bytes if bill.since else None


def _largest_first(owner: BillOwner) -> list[BillPath]:
    return sorted(owner.paths, key=lambda path: -path.bytes)


def _together(name: str, owners: list[BillOwner]) -> BillOwner:
    return replace(
        owners[0],
        name=name,
        bytes=sum(owner.bytes for owner in owners),
        grown_bytes=sum(owner.grown_bytes for owner in owners),
        paths=tuple(path for owner in owners for path in owner.paths),
    )


def _further(bill: Bill, paths: Iterable[BillPath]) -> Iterator[_Row]:
    grown = bill.rss - bill.since_rss if bill.since else 0
    for path in paths:
        grows = grown > 0 and path.grown_bytes >= MATTERS * grown
        if path.bytes >= LITTLE and (grows or path.bytes >= MATTERS * bill.rss):
            of_it = path.grown_bytes if bill.since else None
            yield _Row("  of it", path.bytes, of_it, _place(path))


def _place(path: BillPath, owner: BillOwner | None = None) -> str:
    """Return where the bytes are, what they are, and the line that adds to them."""
    what = path.type if path.count == 1 else f"{path.count:,} {path.type}"
    if path.bound is not None:
        what += f", at most {path.bound:,}"
    if owner is not None and path.bytes < MOSTLY * owner.bytes:
        what += f", {_size(path.bytes)}"
    place = f"{path.path}  ({what})" if path.path else what
    if path.location is None:
        return place
    return f"{place}   {'likely ' if path.likely else ''}{path.location}"


def _aligned(rows: list[_Row]) -> Iterator[str]:
    sizes = [_size(row.bytes) for row in rows]
    growths = ["" if row.grown is None else _growth(row.grown) for row in rows]
    names = max((len(row.name) for row in rows), default=0)
    widths = (
        min(names, WIDEST_NAME),
        max(map(len, sizes), default=0),
        max(map(len, growths), default=0),
    )
    for row, size, growth in zip(rows, sizes, growths, strict=True):
        columns = [f"{row.name:<{widths[0]}}", f"{size:>{widths[1]}}"]
        if widths[2]:
            columns.append(f"{growth:>{widths[2]}}")
        yield f"  {'  '.join(columns)}   {row.more}".rstrip()


def _megabytes(number: float) -> int:
    return round(number / MEGABYTE)


def _size(number: float) -> str:
    return f"{_megabytes(number):,} MB"


def _growth(number: float) -> str:
    megabytes = _megabytes(number)
    return f"{megabytes:+,} MB" if megabytes else "0 MB"
