"""Says what the doctor found: a line each, and below it cause and remedy."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.records.diagnosed import Unexamined
from scrapy_leakwatch.report.doctor import keeping, looking, outside, watching
from scrapy_leakwatch.report.doctor.said import Said
from scrapy_leakwatch.report.lines import ALARMING, HEADING, HEALTHY, TOLD, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy_leakwatch.records.diagnosed import (
        Examined,
        Level,
        Part,
    )

WORDS: dict[str, Callable[[Any], Said]] = {
    **watching.WORDS,
    **looking.WORDS,
    **keeping.WORDS,
    **outside.WORDS,
}
"""By the name of a check: what is said of its finding."""

PARTS: dict[Part, str] = {
    "watch": "To watch a crawl",
    "look": "To find who holds what",
    "keep": "To keep what was found",
    "outside": "To look into a crawl that runs",
}
PAINT: dict[Level, str] = {"ok": HEALTHY, "limited": TOLD, "no": ALARMING}
MARGIN = 29
NARROWEST, WIDEST = 60, 110
"""Columns of the text: narrower it is not broken, and wider it is hard to read."""
LONGEST = 600


def lines(examined: Iterable[Examined], width: int) -> Iterator[Line]:
    """Yield what was found, by what it is needed for, and what it comes to."""
    found = tuple(examined)
    for part, alike in groupby(found, lambda each: each.part):
        yield Line(PARTS[part], HEADING)
        for each in alike:
            yield from _lines(each, width)
    yield conclusion(found)


def _lines(examined: Examined, width: int) -> Iterator[Line]:
    level = examined.finding.level
    said = words(examined)
    text = said.found + (f": {said.cause}" if said.cause else "")
    remedy = f"remedy: {said.remedy}" if said.remedy else ""
    rows = [*_wrapped(text, width), *_wrapped(remedy, width)]
    head = f"  {level:<7}  {examined.name:<{MARGIN - 11}}"
    yield Line(f"{head}{rows[0]}".rstrip(), PAINT[level])
    for row in rows[1:]:
        yield Line(f"{'':<{MARGIN}}{row}", PAINT[level])


def _wrapped(text: str, width: int) -> list[str]:
    room = min(max(width, NARROWEST), WIDEST) - MARGIN
    clean = redact.text(text, LONGEST)
    return textwrap.wrap(clean, room, break_on_hyphens=False, break_long_words=False)


def conclusion(found: Iterable[Examined]) -> Line:
    """Return what it comes to, in one line."""
    found = tuple(found)
    levels = [each.finding.level for each in found]
    missing = [each.name for each in found if each.prevents]
    if missing:
        return Line(f"LeakWatch can't watch here: {', '.join(missing)}.", ALARMING)
    rest = [
        f"{count} {what}"
        for count, what in (
            (levels.count("limited"), "limited"),
            (levels.count("no"), "missing"),
        )
        if count
    ]
    text = f"LeakWatch can watch here{'; ' if rest else ''}{', '.join(rest)}."
    return Line(text, TOLD if "no" in levels else HEALTHY)


def as_json(examined: Iterable[Examined]) -> list[dict[str, Any]]:
    """Return the same for programs."""
    found = []
    for each in examined:
        said = words(each)
        found.append(
            {
                "name": each.name,
                "level": each.finding.level,
                "found": said.found,
                "cause": said.cause,
                "remedy": said.remedy,
            }
        )
    return found


def words(examined: Examined) -> Said:
    """Return what is said of a finding."""
    finding = examined.finding
    if isinstance(finding, Unexamined):
        return _unexamined(finding)
    return WORDS[examined.name](finding)


def _unexamined(finding: Unexamined) -> Said:
    return Said(
        "could not be examined",
        finding.error,
        "mend what the error names; a crawl would stumble over the same",
    )
