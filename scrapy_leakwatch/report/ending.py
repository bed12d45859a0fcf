"""The words on what ended a crawl that did not close."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.records import fields_of
from scrapy_leakwatch.report.lines import FAINT, HEADING, Line, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Ending

MEGA = 1e6


def lines(found: Ending | None) -> Iterator[Line]:
    """Yield what ended it and the last that was seen of it, nothing of another."""
    if found is None:
        return
    yield Line(f"It did not close: {what(found)}.", HEADING)
    if found.seen is not None:
        yield Line(f"  last seen {_seen(found)}", FAINT)
    if found.limit_in_s is not None:
        soon = duration(found.limit_in_s)
        yield Line(f"  forecast  the limit of memory in {soon}, as was told", FAINT)
    if found.largest:
        owners = ", ".join(
            f"{owner.name} {owner.bytes / MEGA:,.0f} MB" for owner in found.largest
        )
        yield Line(f"  largest   {owners}, in the last bill", FAINT)


def what(found: Ending) -> str:
    """Return what ended it, as far as that is known."""
    said = _how(found)
    if found.oom_kills:
        times = "time" if found.oom_kills == 1 else "times"
        said += (
            f"; the container's OOM killer struck {found.oom_kills:,} {times} since"
            " the crawl began"
        )
    elif found.at_limit and found.exited is None:
        said += "; its memory was at the limit"
    return said


def of_status(status: int) -> str:
    """Return how a process ended, by its exit code; one below 0 is a signal."""
    if status < 0:
        return f"killed by {_signal(-status)}"
    return f"its process ended with exit code {status}"


def _how(found: Ending) -> str:
    if found.status is not None and found.status < 0:
        return of_status(found.status)
    if found.exited is not None:
        return (
            "its process ended in order before the spider closed, as after a second"
            " SIGTERM or Ctrl-C"
        )
    if found.status is not None:
        return of_status(found.status)
    if found.gone:
        return "its process is gone, and it is not known what ended it"
    return "it is not known what ended it, or whether it still runs"


def _signal(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _seen(found: Ending) -> str:
    time = datetime.fromtimestamp(found.seen or 0.0, timezone.utc)
    memory = f"{time:%Y-%m-%d %H:%M:%S} UTC, {found.rss / MEGA:,.0f} MB resident"
    if not found.limit:
        return memory
    share = 100 * found.rss / found.limit
    return f"{memory}, {share:.0f} % of the limit of {found.limit / MEGA:,.0f} MB"


def as_json(found: Ending | None) -> dict[str, Any] | None:
    """Return the same for programs."""
    if found is None:
        return None
    largest = [{"name": each.name, "bytes": each.bytes} for each in found.largest]
    return {**fields_of(found), "largest": largest, "what": what(found)}
