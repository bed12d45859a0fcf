"""What became of each cause in many runs, in lines for a terminal."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.records import Explanation
from scrapy_leakwatch.report.comparison import cause as found_lines
from scrapy_leakwatch.report.kinds import paint
from scrapy_leakwatch.report.lines import (
    ALARMING,
    FAINT,
    HEADING,
    HEALTHY,
    TOLD,
    TREND,
    Line,
    size,
    sparkline,
)
from scrapy_leakwatch.report.machine.answer import level
from scrapy_leakwatch.report.terminal import told_as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy_leakwatch.records import Cause, Course, Past, PastRun, Unit

SHOWN = 10
"""Notes on files, and spiders of a cause; more are counted."""


def history(past: Past, folder: str, notes: Sequence[str]) -> Iterator[Line]:
    """Yield the causes, what must be acted on first, and what they come to.

    ``notes`` say what is the matter with files.
    """
    yield from _heading(past, folder)
    yield from (Line(each, TOLD) for each in notes[:SHOWN])
    if len(notes) > SHOWN:
        yield Line(f"and {len(notes) - SHOWN:,} more; --json has them all", TOLD)
    yield Line()
    for cause in past.causes:
        yield from _cause(cause)
        yield Line()
    yield _sum(past)


def _heading(past: Past, folder: str) -> Iterator[Line]:
    runs = past.runs
    spiders = len({(run.project, run.spider) for run in runs})
    span = f", {_day(runs[0])} to {_day(runs[-1])} UTC" if runs else ""
    yield Line(
        f"{_many(len(runs), 'run')} of {_many(spiders, 'spider')}{span}", HEADING
    )
    yield Line(folder, FAINT)
    for count, what in (
        (
            sum(not run.complete for run in runs),
            "without an end: they run, or were killed",
        ),
        (sum(run.extent is None for run in runs), "measured too little to be judged"),
        (past.forgotten, "causes, of very many, were left out"),
    ):
        if count:
            yield Line(f"{count:,} {what}", FAINT)


def _cause(cause: Cause) -> Iterator[Line]:
    verdict = cause.told.verdict
    signature = f"signature {verdict.signature}" if verdict.signature else ""
    text = f"{state(cause).upper():<8} {verdict.subject} ({verdict.kind})  {signature}"
    yield Line(text.rstrip(), _style(cause))
    shown = cause.courses[:SHOWN]
    width = max(9, *(len(course.spider) for course in shown))
    for course in shown:
        yield Line(f"  {course.spider:<{width}} {_seen(course)}")
        trend = sparkline(course.rates, TREND)
        yield Line(f"  {'':<{width}} {trend}  {_rate(course, cause.unit)}")
    if len(cause.courses) > SHOWN:
        yield Line(f"  and {_many(len(cause.courses) - SHOWN, 'more spider')}", FAINT)
    yield from found_lines(cause.told)
    if not isinstance(cause.told.found, Explanation) and verdict.remedy:
        yield Line(f"  {'fix':<9} {verdict.remedy}")
    latest = max((course.last for course in cause.courses), key=lambda run: run.begun)
    yield Line(f"  {'last in':<9} {latest.path}", FAINT)


def state(cause: Cause) -> str:
    """Return what a cause asks for, ``gone`` where no spider has it any more."""
    return "gone" if cause.gone else level(cause.told.verdict)


def _style(cause: Cause) -> str:
    return HEALTHY if cause.gone else paint(cause.told.verdict)


def _seen(course: Course) -> str:
    begun = "new since" if course.new else "first"
    text = f"{course.runs:,} of {_many(course.of, 'run')}, {begun} {_day(course.first)}"
    if course.last is not course.first:
        text += f", last {_day(course.last)}"
    if course.gone_since is not None:
        without = _many(course.absent, "run")
        text += f", gone since {_day(course.gone_since)} ({without} without it)"
    return text


def _rate(course: Course, unit: Unit) -> str:
    """Return how bad it was in the last run that had it."""
    last = next((rate for rate in reversed(course.rates) if rate), 0.0)
    if unit == "left":
        return f"{last:,.0f} left at the end"
    amount = size(last) if unit == "bytes" else f"{last:+,.0f}"
    return f"{amount} per 1,000 responses"


def _sum(past: Past) -> Line:
    states = [state(cause) for cause in past.causes]
    counts = [
        f"{count} {what}"
        for name, what in (
            ("act", "to act on"),
            ("look", "to look at"),
            ("accepted", "accepted"),
            ("gone", "gone, probably mended"),
        )
        if (count := states.count(name))
    ]
    if counts:
        style = ALARMING if "act" in states else TOLD if "look" in states else HEALTHY
        return Line(f"{_many(len(states), 'cause')}: {', '.join(counts)}.", style)
    if all(run.extent is None for run in past.runs):
        return Line("Measured too little: no run is long enough to be judged.", TOLD)
    return Line("Healthy: nothing leaks in any run.", HEALTHY)


def _day(run: PastRun) -> str:
    return f"{datetime.fromtimestamp(run.begun, timezone.utc):%Y-%m-%d %H:%M}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def as_json(past: Past, folder: str, notes: Sequence[str]) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "folder": folder,
        "runs": len(past.runs),
        "too_little": sum(run.extent is None for run in past.runs),
        "notes": list(notes),
        "forgotten": past.forgotten,
        "causes": [_cause_as_json(cause) for cause in past.causes],
    }


def _cause_as_json(cause: Cause) -> dict[str, Any]:
    verdict = cause.told.verdict
    return {
        "signature": verdict.signature,
        "kind": verdict.kind,
        "subject": verdict.subject,
        "state": state(cause),
        "unit": cause.unit,
        "spiders": [_course_as_json(course) for course in cause.courses],
        "verdict": told_as_json(cause.told),
    }


def _course_as_json(course: Course) -> dict[str, Any]:
    gone = course.gone_since
    return {
        "spider": course.spider,
        "project": course.project,
        "runs": course.runs,
        "of": course.of,
        "first": _run_as_json(course.first),
        "last": _run_as_json(course.last),
        "new": course.new,
        "absent": course.absent,
        "gone_since": None if gone is None else _run_as_json(gone),
        "rates": list(course.rates),
    }


def _run_as_json(run: PastRun) -> dict[str, Any]:
    return {"time": run.begun, "path": str(run.path)}
