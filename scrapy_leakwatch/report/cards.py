"""What a report says of each verdict that stands, as plain text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import ALARMS, Explanation, Layers, Unexplained
from scrapy_leakwatch.report import kinds, known
from scrapy_leakwatch.report.about import Fact
from scrapy_leakwatch.report.amounts import count, limit, size, span
from scrapy_leakwatch.report.code_lines import lines_around
from scrapy_leakwatch.report.opening import remedy, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Crawl, Share, Told, Verdict
    from scrapy_leakwatch.report.code_lines import CodeLine
    from scrapy_leakwatch.report.kinds.kind import Tone

ARROW = " → "
MOST_TOLD = 12


class Piece(NamedTuple):
    """A part of a step; ``marked`` where it is of the edge to change."""

    text: str
    marked: bool


class Step(NamedTuple):
    """A step of the path; ``cut`` where the edge to change ends."""

    pieces: tuple[Piece, ...]
    cut: bool


class Moment(NamedTuple):
    """When a verdict was reached, after how long, and with how many."""

    after: str
    kind: str
    amount: str


class Card(NamedTuple):
    """One verdict that stands, with all that is known of it."""

    number: int
    tone: Tone
    title: str
    subject: str
    message: str
    path: tuple[Step, ...]
    deed: str
    location: str
    code: tuple[CodeLine, ...]
    remedy: str
    facts: tuple[Fact, ...]
    moments: tuple[Moment, ...]
    accepted: bool


def cards(crawl: Crawl, folder: Path | None = None) -> list[Card]:
    """Return the cards, the worst verdict first.

    Source is read below ``folder``, by default the current one.
    """
    folder = folder or Path()
    return [
        _card(number, told, crawl, folder)
        for number, told in enumerate(kinds.by_severity(crawl.standing), 1)
    ]


def _card(number: int, told: Told, crawl: Crawl, folder: Path) -> Card:
    verdict, found = told.verdict, told.found
    known = found if isinstance(found, Explanation) else None
    location = (known and known.location) or ""
    return Card(
        number=number,
        tone=kinds.tone(verdict),
        title=kinds.title(verdict),
        subject=verdict.subject,
        message=sentence(verdict.message),
        path=_path(known, verdict.kind in ALARMS) if known else (),
        deed=_deed(verdict, likely=bool(known and known.likely)),
        location=location,
        code=lines_around(location, (known and known.code) or "", folder),
        remedy=remedy(told),
        facts=tuple(_facts(told)),
        moments=tuple(_moments(told, crawl)),
        accepted=verdict.suppressed,
    )


def _deed(verdict: Verdict, *, likely: bool) -> str:
    """Say what the line of code did."""
    deed = kinds.words_of(verdict).deed
    return f"Probably {deed}" if likely else deed.capitalize()


def _path(found: Explanation, marked: bool) -> tuple[Step, ...]:
    """Return the steps from the root down, the holder marked.

    Where its name is not in the path (keys may differ), the last edge is.
    """
    texts = [f"{step.node}{step.edge}" for step in found.path]
    start = ARROW.join(texts).rfind(found.holder)
    end = start + len(found.holder)
    if start < 0 and len(texts) > 1:
        start = len(ARROW.join([*texts[:-2], ""]))
        end = start + len(texts[-2])
    if not marked or not found.holder:
        start = end = 0
    shown, at = [], 0
    for text in texts:
        pieces = tuple(_cut(text, start - at, end - at))
        shown.append(Step(pieces, cut=at < end <= at + len(text)))
        at += len(text) + len(ARROW)
    return tuple(shown)


def _cut(text: str, start: int, end: int) -> Iterator[Piece]:
    start, end = max(start, 0), max(end, 0)
    for part, marked in (
        (text[:start], False),
        (text[start:end], True),
        (text[max(start, end) :], False),
    ):
        if part:
            yield Piece(part, marked)


def _facts(told: Told) -> Iterator[Fact]:
    verdict, found = told.verdict, told.found
    if isinstance(found, Explanation):
        yield from _of_explanation(found)
    if isinstance(found, Layers):
        yield from _of_layers(found)
    if isinstance(found, Unexplained):
        yield Fact("Not explained", found.reason)
    yield from _of_growth(verdict)
    if verdict.oldest_s:
        yield Fact("Oldest", f"{span(verdict.oldest_s)} old")
    example = verdict.example_url or getattr(found, "example_url", "")
    if example:
        yield Fact("Example", example)
    yield Fact("Confidence", verdict.confidence)
    if verdict.caveat:
        yield Fact("Caveat", verdict.caveat)
    if verdict.signature:
        yield Fact("Signature", verdict.signature)


def _of_growth(verdict: Verdict) -> Iterator[Fact]:
    growth = verdict.growth
    shown = size if verdict.in_bytes else count
    if growth.per_1000_responses > 0 and verdict.kind != "recovered":
        yield Fact(
            "Growth",
            f"{shown(growth.per_1000_responses)} per 1,000 responses,"
            f" {shown(growth.per_min)} a minute",
        )
    if verdict.limit and verdict.limit_in_s is not None:
        most = limit(verdict.limit, verdict.limit_of)
        when = span(verdict.limit_in_s)
        yield Fact("Forecast", f"reaches the limit of {most} {when} after it was told")


def _of_explanation(found: Explanation) -> Iterator[Fact]:
    held = f"{found.counts.held:,} of {found.counts.examined:,}"
    what = " requests looked at" if "direct" in found.traits else ""
    chain = "; each holds the one before, a chain" if "chain" in found.traits else ""
    counted = f" ({held}{what}{chain})" if found.counts.examined else ""
    yield Fact("Held by", f"{found.holder}{counted}")
    library = " (not your code)" if found.origin == "library" else ""
    yield Fact("Owner", f"{found.owner}{library}")
    if upstream := known.said(found.known):
        yield Fact("Known", upstream)
    if found.contents:
        yield Fact("Contents", found.contents)
    if found.victims:
        yield Fact("With them", ", ".join(found.victims))
    for other in found.others:
        yield Fact("Also held by", _other(other, found.counts.examined))
    tree = ""
    if found.price.tree_bytes:
        tree = f", {size(found.price.tree_bytes)} of it in parsed trees"
    if found.price.retained_bytes_total:
        each = f"{size(found.price.retained_bytes_each)} each"
        yield Fact("Price", f"{size(found.price.retained_bytes_total)} ({each}{tree})")


def _other(other: Share, examined: int) -> str:
    where = f", {other.location}" if other.location else ""
    return f"{other.holder} ({other.held:,} of {examined:,}), {other.owner}{where}"


def _of_layers(found: Layers) -> Iterator[Fact]:
    yield Fact("Resident", size(found.rss))
    for name, value in (
        ("Python's arenas", found.arenas),
        ("free in them", found.arenas_free),
        ("In use in malloc", found.malloc_used),
        ("free in malloc", found.malloc_free),
        ("Large objects of Python", found.python_large),
        ("Mapped files", found.files),
    ):
        if value is not None:
            yield Fact(name, size(value))


def _moments(told: Told, crawl: Crawl) -> Iterator[Moment]:
    of_case = [each for each in crawl.told if each.case == told.case]
    for each in of_case[:1] + of_case[1:][1 - MOST_TOLD :]:
        verdict = each.verdict
        shown = size if verdict.in_bytes else count
        yield Moment(
            after=span(each.time - crawl.run.time),
            kind=kinds.title(verdict),
            amount=shown(verdict.unaccounted or verdict.count),
        )
