"""The live view of a crawl, as the lines of one screen."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch.report import log, tables, terminal
from scrapy_leakwatch.report.lines import FAINT, HEADING, TREND, Line, each, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.records import Crawl, TooLittle

OWNERS = 5
"""Lines for who has the memory, where there is room."""
ROOMY = 40
"""Rows of a screen from which on there is."""
TIGHT = 12
"""Where there is not, one of so many rows: the verdicts are below them."""
HANG = " " * 12
SPINNER = "|/-\\"


@dataclass(frozen=True, slots=True)
class View:
    """What the person who looks has chosen, and asked.

    ``marked`` is the path of a class. ``asking`` is a question under way, for
    ``seconds``; ``answer`` the latest answer.
    """

    marked: str = ""
    asking: str = ""
    seconds: float = 0.0
    answer: str = ""
    keys: str = ""


def snapshot(crawl: Crawl, too_little: TooLittle | None, width: int) -> Iterator[Line]:
    """Yield the view once, for where there is no screen."""
    yield from terminal.heading(crawl)
    yield Line()
    yield from state(crawl, width)
    yield Line()
    yield from terminal.verdicts(crawl, too_little)


def frame(
    crawl: Crawl, too_little: TooLittle | None, view: View, size: tuple[int, int]
) -> list[Line]:
    """Return what fits on a screen of so many columns and rows, the keys below."""
    width, height = size
    foot = [_under_way(view), Line(view.keys, FAINT)]
    body = [*terminal.heading(crawl), Line()]
    body += [*state(crawl, width, view.marked, owners_shown(height)), Line()]
    if view.answer:
        body += [Line("Answer", HEADING), *each(view.answer)]
    else:
        body += terminal.verdicts(crawl, too_little)
    lines = list(wrapped(body, width))[: max(height - len(foot), 0)]
    return [*lines, *foot]


def state(
    crawl: Crawl, width: int, marked: str = "", owners: int = OWNERS
) -> Iterator[Line]:
    """Yield the classes, the ledger, the trend of the memory, and who has it."""
    if crawl.last is None:
        yield Line("No sample was taken yet.", FAINT)
        return
    yield from tables.classes(crawl, width, marked)
    yield Line()
    yield from each(log.ledger(crawl.last))
    yield Line(f"{'':<10} {sparkline(crawl.timeline.memory.get('rss', ()), 2 * TREND)}")
    if crawl.last_bill is not None:
        yield Line()
        yield from tables.owners(crawl, width, owners)


def owners_shown(height: int) -> int:
    """Return how many owners a screen of so many rows has room for."""
    return OWNERS if height >= ROOMY else max(height // TIGHT, 1)


def _under_way(view: View) -> Line:
    if not view.asking:
        return Line()
    turn = SPINNER[int(view.seconds * 4) % len(SPINNER)]
    return Line(
        f"{turn} {view.asking}, {view.seconds:.0f} s; the crawl goes on meanwhile",
        HEADING,
    )


def wrapped(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """Yield the lines, those that are too long in several."""
    for line in lines:
        parts = textwrap.wrap(
            line.text,
            width,
            subsequent_indent=HANG if width > 2 * len(HANG) else "",
            drop_whitespace=False,
        )
        yield from (Line(part, line.style) for part in parts or [""])
