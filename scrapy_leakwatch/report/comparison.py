"""What has changed between two crawls, in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.records import ALARMS, Explanation
from scrapy_leakwatch.report import amounts, known
from scrapy_leakwatch.report.bill import SUMMED
from scrapy_leakwatch.report.kinds import paint
from scrapy_leakwatch.report.lines import (
    ALARMING,
    FAINT,
    HEADING,
    HEALTHY,
    TOLD,
    Line,
    size,
)
from scrapy_leakwatch.report.sufficiency import in_words
from scrapy_leakwatch.report.tables import shortened
from scrapy_leakwatch.report.terminal import NO_END, left_out, received, told_as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import (
        Change,
        Comparison,
        Crawl,
        OwnerChange,
        OwnersRefusal,
        Refusal,
        Told,
    )

NARROW = 80
LONGEST_NAME = 40


def comparison(
    before: Crawl, after: Crawl, found: Comparison, width: int
) -> Iterator[Line]:
    """Yield the changes, the worst first, and what they come to."""
    for crawl, which in ((before, "before"), (after, "after")):
        yield Line(
            f"{which:<7} {crawl.run.spider}, {crawl.samples:,} samples,"
            f" {received(crawl):,} responses  {crawl.path}",
            FAINT,
        )
        for line in _lacking(crawl):
            yield Line(f"{'':<7} {line.text}", line.style)
    yield Line()
    if found.refused:
        yield Line(f"Measured too little to compare: {_refused(found.refused)}.", TOLD)
        return
    for change in found.changes:
        yield from _change(change, width)
        yield Line()
    yield from _owners(found)
    yield _sum(found)


def _lacking(crawl: Crawl) -> Iterator[Line]:
    if not crawl.complete:
        yield Line(NO_END, TOLD)
    yield from left_out(crawl)


def _change(change: Change, width: int) -> Iterator[Line]:
    verdict = change.told.verdict
    accepted = ", accepted" if verdict.suppressed else ""
    name = f"{verdict.subject} ({verdict.kind}{accepted})"
    signature = f"signature {verdict.signature}" if verdict.signature else ""
    yield Line(f"{change.turn.upper():<7} {name}  {signature}".rstrip(), _style(change))
    measure = "left" if verdict.kind == "unreleased" else "rate"
    sides = ("before", change.before), ("after", change.after)
    if width < NARROW:
        for which, told in sides:
            yield Line(f"  {which:<9} {_rates(told)}")
    else:
        rates = f"{_rates(change.before)}  →  {_rates(change.after)}"
        yield Line(f"  {measure:<9} {rates}")
    yield from cause(change.told)


def _style(change: Change) -> str:
    if change.turn in {"gone", "shrunk"}:
        return HEALTHY
    return paint(change.told.verdict) if change.turn != "same" else TOLD


def _rates(told: Told | None) -> str:
    """Return how much stays of 1,000 responses, in objects and in bytes.

    Of what is not given back, how much is left.
    """
    if told is None:
        return "none"
    if told.verdict.kind == "unreleased":
        return f"{told.verdict.count:,} at the end"
    rate, in_bytes = _rate(told), told.bytes_per_1000_responses
    if told.verdict.kind == "native" or told.verdict.in_bytes:
        return f"{size(rate)} per 1,000 responses"
    price = "" if in_bytes is None else f", {size(in_bytes)}"
    return f"{rate:+,.0f} per 1,000 responses{price}"


def _rate(told: Told) -> float:
    return told.verdict.growth.per_1000_responses


def cause(told: Told) -> Iterator[Line]:
    """Yield who holds what, the line and the fix, where somebody was found."""
    found = told.found
    if not isinstance(found, Explanation):
        return
    yield Line(f"  {'held by':<9} {found.holder}")
    if found.location:
        yield Line(f"  {'put there':<9} {found.location}  {found.code or ''}".rstrip())
    if found.fix:
        yield Line(f"  {'fix':<9} {found.fix}")
    if upstream := known.said(found.known):
        yield Line(f"  {'known':<9} {upstream}")


def _owners(found: Comparison) -> Iterator[Line]:
    """Yield whose memory grows at another rate, and nothing where no one's does."""
    if found.owners_refused:
        refused = _owners_refused(found.owners_refused)
        yield Line(f"Owners are not compared, {refused}.", FAINT)
        yield Line()
    if not found.owners:
        return
    yield Line("Growth of the memory per 1,000 responses, by owner", HEADING)
    names = min(max(len(_name(each)) for each in found.owners), LONGEST_NAME)
    yield Line(f"  {'':<7} {'':<{names}} {'before':>10} {'after':>10}", FAINT)
    for each in found.owners:
        name = shortened(_name(each), names)
        sides = f"{_growth(each.before):>10} {_growth(each.after):>10}"
        style = TOLD if each.difference > 0 else HEALTHY
        yield Line(f"  {each.turn:<7} {name:<{names}} {sides}", style)
    yield Line()


def _name(owner: OwnerChange) -> str:
    return owner.name or SUMMED[owner.kind]


def _growth(rate: float | None) -> str:
    return "none" if rate is None else amounts.change(rate)


def _sum(found: Comparison) -> Line:
    turns = [change.turn for change in found.changes]
    counts = [f"{turns.count(turn)} {turn}" for turn in dict.fromkeys(turns)]
    said = ", ".join(counts) or "nothing leaks, before or after"
    faster = sum(each.difference > 0 for each in found.owners)
    if faster:
        whose = "one owner" if faster == 1 else f"{faster} owners"
        said += f"; but the memory of {whose} grows faster"
    if found.failing:
        return Line(f"Something new leaks: {said}.", ALARMING)
    left = any(
        change.after is not None
        and change.after.verdict.kind in ALARMS
        and not change.after.verdict.suppressed
        for change in found.changes
    )
    style = TOLD if left or faster else HEALTHY
    return Line(f"Nothing new leaks: {said}.", style if turns or faster else HEADING)


def as_json(before: Crawl, after: Crawl, found: Comparison) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "before": _crawl(before),
        "after": _crawl(after),
        "refused": _refused(found.refused) if found.refused else None,
        "new_leaks": found.failing,
        "changes": [_change_as_json(change) for change in found.changes],
        "owners": [_owner_as_json(owner) for owner in found.owners],
        "owners_refused": _owners_refused(found.owners_refused),
    }


def _crawl(crawl: Crawl) -> dict[str, Any]:
    return {
        "path": str(crawl.path),
        "spider": crawl.run.spider,
        "samples": crawl.samples,
        "responses": received(crawl),
        "complete": crawl.complete,
        "broken_lines": crawl.broken,
    }


def _change_as_json(change: Change) -> dict[str, Any]:
    verdict = change.told.verdict
    return {
        "turn": change.turn,
        "signature": verdict.signature,
        "kind": verdict.kind,
        "subject": verdict.subject,
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _owner_as_json(owner: OwnerChange) -> dict[str, Any]:
    return {
        "turn": owner.turn,
        "name": _name(owner),
        "kind": owner.kind,
        "before": {"bytes_per_1000_responses": owner.before},
        "after": {"bytes_per_1000_responses": owner.after},
    }


def _side(told: Told | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {
        "per_1000_responses": _rate(told),
        "bytes_per_1000_responses": told.bytes_per_1000_responses,
        "verdict": told_as_json(told),
    }


def _refused(refusal: Refusal) -> str:
    return f"{refusal.crawl}: {in_words(refusal.why)}"


LACKS = {
    "bill": "it has no memory bill",
    "growth": "it has one memory bill, and growth is between two",
    "responses": "no response came between its memory bills",
}


def _owners_refused(refusal: OwnersRefusal | None) -> str | None:
    return None if refusal is None else f"{refusal.crawl}: {LACKS[refusal.lacks]}"
