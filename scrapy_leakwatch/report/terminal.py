"""What a recording tells, in lines for a terminal."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.records import ALARMS, Explanation, Unexplained
from scrapy_leakwatch.report import bill, ending, log, tables
from scrapy_leakwatch.report.block import block
from scrapy_leakwatch.report.kinds import paint
from scrapy_leakwatch.report.lines import (
    FAINT,
    HEADING,
    HEALTHY,
    TOLD,
    Line,
    duration,
    each,
    highest,
)
from scrapy_leakwatch.report.sufficiency import advice, in_words, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Crawl, Ending, Told, TooLittle


NO_END = "still running, or killed"


def show(
    crawl: Crawl, too_little: TooLittle | None, width: int, ended: Ending | None = None
) -> Iterator[Line]:
    """Yield all that a recording tells, and how it ended where it did not close."""
    yield from heading(crawl)
    yield from ending.lines(ended)
    yield Line()
    yield from verdicts(crawl, too_little)
    yield Line()
    if crawl.bills:
        yield from each(bill.of_crawl(crawl), HEADING)
        yield Line()
    yield from state(crawl, width)


def heading(crawl: Crawl) -> Iterator[Line]:
    """Yield which crawl it was, how long it was watched, and the file."""
    run = crawl.run
    begun = datetime.fromtimestamp(run.time, timezone.utc)
    end = "closed" if crawl.complete else NO_END
    yield Line(
        f"{run.spider} ({run.project})  {begun:%Y-%m-%d %H:%M:%S} UTC,"
        f" {duration(crawl.ended - run.time)},"
        f" {crawl.samples:,} sample{'s' * (crawl.samples != 1)},"
        f" {received(crawl):,} responses, {end}",
        HEADING,
    )
    yield Line(str(crawl.path), FAINT)
    yield from restarts(crawl)
    yield from left_out(crawl)


def restarts(crawl: Crawl) -> Iterator[Line]:
    """Yield what had other processes take over, and how often each."""
    if crawl.restarts:
        times = Counter(each.why for each in crawl.restarts)
        why = ", ".join(f"{count} x {what}" for what, count in times.items())
        yield Line(
            f"in {len(crawl.restarts) + 1:,} processes, one after another: {why}", FAINT
        )


def left_out(crawl: Crawl) -> Iterator[Line]:
    """Yield what a recording had that is not shown."""
    for count, what in (
        (crawl.broken, "lines of it make no sense and were left out"),
        (crawl.forgotten, "verdicts, the earliest of very many, were left out"),
    ):
        if count:
            yield Line(f"{count:,} {what}", TOLD)


def received(crawl: Crawl) -> int:
    """Return how many responses the crawl received."""
    return int(highest(crawl.timeline.received))


def verdicts(crawl: Crawl, too_little: TooLittle | None) -> Iterator[Line]:
    """Yield the verdicts that stand, the withdrawn last, and if none does, that."""
    told = [each for each in crawl.standing if each.verdict.kind != "recovered"]
    over = [each for each in crawl.standing if each.verdict.kind == "recovered"]
    for each_told in [*told, *over]:
        yield from verdict(each_told)
        yield Line()
    yield conclusion(crawl, too_little)


def conclusion(crawl: Crawl, too_little: TooLittle | None) -> Line:
    """Return what it comes to, in one line."""
    told = [each.verdict for each in crawl.standing if each.verdict.kind != "recovered"]
    alarms = sum(each.kind in ALARMS and not each.suppressed for each in told)
    others = _many(len(told) - alarms, "other verdict")
    withdrawn = _many(len(crawl.standing) - len(told), "withdrawn verdict")
    rest = "".join(f", {count}" for count in (others, withdrawn) if count)
    if alarms:
        still = {each.kind for each in told if each.kind in ALARMS} == {"stalled"}
        it = "It stands still" if still else "It leaks"
        return Line(f"{it}: {_many(alarms, 'verdict')} to act on{rest}.", HEADING)
    if too_little:
        return Line(f"{outcome(too_little)}: {advice(too_little)}.", TOLD)
    healthy = "Nothing leaks" if told else "Healthy: nothing leaks"
    return Line(f"{healthy}{rest}.", HEALTHY)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count > 1)}" if count else ""


def verdict(told: Told) -> Iterator[Line]:
    """Yield a verdict, and who holds what."""
    said = told.verdict
    accepted = " (accepted)" if said.suppressed else ""
    lines = each(block(said, told.found))
    first = next(lines, Line())
    style = TOLD if said.suppressed else paint(said)
    yield Line(f"{said.kind.upper()}{accepted}: {first.text}", style)
    yield from lines


def state(crawl: Crawl, width: int) -> Iterator[Line]:
    """Yield what was alive at the last sample, and how it came to that."""
    if crawl.last is None:
        yield Line("No sample was taken.", TOLD)
        return
    yield from tables.classes(crawl, width)
    yield Line()
    yield from each(log.ledger(crawl.last))
    if crawl.last.containers:
        yield Line()
        yield from tables.containers(crawl, width)


def as_json(
    crawl: Crawl, too_little: TooLittle | None, ended: Ending | None = None
) -> dict[str, Any]:
    """Return the same for programs; parts are as in the lines of a recording."""
    run = crawl.run
    return {
        "path": str(crawl.path),
        "spider": run.spider,
        "project": run.project,
        "time": run.time,
        "seconds": round(crawl.ended - run.time, 3),
        "complete": crawl.complete,
        "ending": ending.as_json(ended),
        "samples": crawl.samples,
        "responses": received(crawl),
        "too_little": in_words(too_little) if too_little else None,
        "broken_lines": crawl.broken,
        "verdicts": [told_as_json(told) for told in crawl.standing],
        "last": writing.of_sample(crawl.last) if crawl.last else None,
        "bill": _bill(crawl),
    }


def _bill(crawl: Crawl) -> dict[str, Any] | None:
    last = crawl.last_bill or (crawl.bills[-1] if crawl.bills else None)
    return None if last is None else writing.of_bill(last)


def told_as_json(told: Told) -> dict[str, Any]:
    """Return a verdict with what was found on it."""
    line = writing.of_verdict(told.verdict, told.time)
    return {**line, "found": _found(told)}


def _found(told: Told) -> dict[str, Any] | None:
    found, verdict = told.found, told.verdict.id or None
    if found is None:
        return None
    if isinstance(found, (Explanation, Unexplained)):
        return writing.of_explanation(found, verdict, told.time)
    return writing.of_layers(found, verdict, found.time or told.time)
