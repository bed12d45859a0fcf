"""All crawls that run on a machine, a line each, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.records import fields_of
from scrapy_leakwatch.report.lines import (
    ALARMING,
    FAINT,
    HEADING,
    HEALTHY,
    TOLD,
    Line,
    duration,
    size,
)
from scrapy_leakwatch.report.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy_leakwatch.records import Running, Unasked

NONE = "No crawl of yours runs with a remote control."
NAMED = 5
"""Processes that can't be asked; more are counted."""
_OUTCOMES = {
    "leaks": ("act", ALARMING),
    "told": ("look", TOLD),
    "unwatched": ("unwatched", TOLD),
    "too_little": ("too early", ""),
    "healthy": ("healthy", HEALTHY),
}
"""What a crawl comes to, and its style; the worst first."""
_ORDER = ["leaks", "silent", "told", "unwatched", "failed", "too_little", "healthy"]


def ordered(running: Sequence[Running]) -> list[Running]:
    """Return the crawls, the worst first, of equal ones the one with most memory."""
    return sorted(running, key=lambda each: (_rank(each), -(each.rss or 0), each.id))


def _rank(crawl: Running) -> int:
    name = crawl.outcome if crawl.state == "answers" else crawl.state
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def table(running: Sequence[Running], now: float, marked: str = "") -> Iterator[Line]:
    """Yield the crawls in their order; ``now`` in seconds of the epoch.

    The one with the ``marked`` id is highlighted.
    """
    if not running:
        yield Line(NONE, FAINT)
        return
    head = (
        "   spider                   pid      up     pages     memory  verdict    worst"
    )
    yield Line(head, HEADING)
    for number, crawl in enumerate(running, start=1):
        verdict, style = _verdict(crawl)
        pages = "-" if crawl.responses is None else f"{crawl.responses:,}"
        memory = "-" if crawl.rss is None else size(crawl.rss)
        name = shortened(f"{crawl.spider} ({crawl.project})", 20)
        up = duration(now - crawl.started)
        yield Line(
            f"{number:>2} {name:<20} {crawl.pid:>7} {up:>7} {pages:>9} {memory:>10}"
            f"  {verdict:<10} {worst(crawl)}".rstrip(),
            "reverse" if crawl.id == marked else style,
        )


def _verdict(crawl: Running) -> tuple[str, str]:
    if crawl.state == "silent":
        return "no answer", TOLD
    if crawl.state == "failed":
        return "error", TOLD
    if crawl.state == "asked":
        return "...", FAINT
    if crawl.outcome is None:
        return "no watch", FAINT
    return _OUTCOMES.get(crawl.outcome, (crawl.outcome, TOLD))


def worst(crawl: Running) -> str:
    """Return the worst verdict of a crawl, who holds it, and the line; or the error."""
    if crawl.state == "failed":
        return crawl.reason
    found = crawl.worst
    if found is None:
        return ""
    parts = (f"{found.subject} ({found.kind})", found.holder, found.location)
    return "  ".join(filter(None, parts))


def notes(left_out: int, unasked: Sequence[Unasked]) -> Iterator[Line]:
    """Yield what is not in the table, and what it takes to have it there."""
    if left_out:
        yield Line(f"and {left_out:,} more crawls that are not asked", TOLD)
    own = [str(each.pid) for each in unasked if each.user is None]
    if own:
        yield Line(
            f"No remote control: {_some(own)}. Scrapy 2.19 and newer has one, unless"
            " REMOTE_CONTROL_ENABLED is False; or name a pid (Python 3.14).",
            FAINT,
        )
    others = [f"{each.pid} ({each.user})" for each in unasked if each.user is not None]
    if others:
        yield Line(f"Of other users, who alone can ask: {_some(others)}.", FAINT)


def _some(named: Sequence[str]) -> str:
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" and {more} more" if more > 0 else "")


def frame(
    rows: Sequence[Line], marked: int, foot: Sequence[Line], height: int
) -> list[Line]:
    """Return what fits on a screen of so many rows: the marked crawl, and the foot."""
    head, crawls = rows[:1], rows[1:]
    room = max(height - len(head) - len(foot) - 1, 1)
    first = max(marked + 1 - room, 0)
    lines = [*head, *crawls[first : first + room], Line(), *foot]
    return lines[-max(height, 1) :]


def as_json(
    running: Sequence[Running], left_out: int, unasked: Sequence[Unasked], now: float
) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "crawls": [_crawl_as_json(each, now) for each in running],
        "left_out": left_out,
        "unasked": [fields_of(each) for each in unasked],
    }


def _crawl_as_json(crawl: Running, now: float) -> dict[str, Any]:
    found = None if crawl.worst is None else fields_of(crawl.worst)
    seconds = round(now - crawl.started, 3)
    return {**fields_of(crawl), "worst": found, "seconds": seconds}
