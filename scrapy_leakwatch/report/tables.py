"""Tables of what was alive, each row with its trend where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.report import stack
from scrapy_leakwatch.report.amounts import change, size
from scrapy_leakwatch.report.lines import (
    FAINT,
    HEADING,
    TREND,
    Line,
    duration,
    highest,
    sparkline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Crawl, LiveClass

SHOWN = 12
"""Rows of a table; the others are only counted."""
WIDE = 90
"""From this width on a table has room for the trend."""


class Row(NamedTuple):
    """What a table says of one class or container."""

    name: str
    now: str
    most: str
    more: str
    trend: str = "trend"


def alive(crawl: Crawl) -> list[LiveClass]:
    """Return the classes of the table, the most numerous first."""
    found = crawl.last.live if crawl.last else ()
    return sorted(found, key=lambda each: -each.count)[:SHOWN]


def classes(crawl: Crawl, width: int, marked: str = "") -> Iterator[Line]:
    """Yield what is alive; the class with the ``marked`` path is highlighted."""
    yield _line(Row("class", "alive", "most", "oldest"), width, HEADING)
    for each in alive(crawl):
        series = crawl.timeline.live.get(each.path, ())
        row = Row(
            each.name,
            f"{each.count:,}",
            f"{highest(series, each.count):,.0f}",
            duration(each.oldest_s),
            sparkline(series, TREND),
        )
        yield _line(row, width, "reverse" if each.path == marked else "")
    hidden = len(crawl.last.live) - SHOWN if crawl.last else 0
    if hidden > 0:
        yield Line(f"and {hidden} more classes", FAINT)


def containers(crawl: Crawl, width: int) -> Iterator[Line]:
    """Yield the containers that live as long as the crawl, if there are any."""
    found = crawl.last.containers if crawl.last else ()
    if not found:
        return
    yield _line(Row("container", "length", "most", "type"), width, HEADING)
    for each in sorted(found, key=lambda each: -each.len)[:SHOWN]:
        series = crawl.timeline.containers.get(each.name, ())
        row = Row(
            each.name,
            f"{each.len:,}",
            f"{highest(series, each.len):,.0f}",
            each.type,
            sparkline(series, TREND),
        )
        yield _line(row, width)
    if len(found) > SHOWN:
        yield Line(f"and {len(found) - SHOWN} more containers", FAINT)


def owners(crawl: Crawl, width: int, most: int) -> Iterator[Line]:
    """Yield who had most at the last memory bill, and when that was.

    Nothing where there is none.
    """
    bill = crawl.last_bill
    if bill is None:
        return
    named = f"owner, bill after {duration(bill.time - crawl.run.time)}"
    yield _line(Row(named, "bytes", "most", "growth"), width, HEADING)
    sizes = [stack.sizes(each) for each in crawl.taken]
    for owner in stack.owners(bill)[:most]:
        series = tuple(each.get(stack.key(owner), 0) for each in sizes)
        row = Row(
            owner.name,
            size(owner.bytes),
            size(highest(series)),
            change(owner.grown_bytes) if bill.since else "",
            sparkline(series, TREND),
        )
        yield _line(row, width)


def _line(row: Row, width: int, style: str = "") -> Line:
    if width < WIDE:
        text = (
            f"{shortened(row.name, 24):<24} {row.now:>9} {shortened(row.more, 11):>11}"
        )
        return Line(text, style)
    text = f"{shortened(row.name, 36):<36} {row.now:>10} {row.most:>10}"
    return Line(f"{text} {shortened(row.more, 11):>11}  {row.trend}".rstrip(), style)


def shortened(name: str, longest: int) -> str:
    """Return a name that fits; the end of a path tells most."""
    return name if len(name) <= longest else f"…{name[1 - longest :]}"
