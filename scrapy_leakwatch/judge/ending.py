"""Says what ended a crawl that did not close, as far as that can be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Ending

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Crawl, Trace


def ending(crawl: Crawl, trace: Trace) -> Ending | None:
    """Return how it ended, None where it closed or still runs."""
    if crawl.complete or trace.running:
        return None
    last = crawl.last
    limit = last.memory_limit if last else None
    rss = last.memory.rss if last else 0
    forecasts = [
        told.verdict.limit_in_s
        for told in crawl.standing
        if told.verdict.kind != "recovered" and told.verdict.limit_in_s is not None
    ]
    bill = crawl.last_bill
    return Ending(
        gone=trace.running is False or trace.status is not None,
        status=trace.status,
        exited=crawl.exited,
        oom_kills=trace.oom_kills,
        seen=last.time if last else None,
        rss=rss,
        limit=limit,
        at_limit=limit is not None and rss >= thresholds.AT_LIMIT * limit,
        limit_in_s=min(forecasts, default=None),
        largest=tuple(sorted(bill.owners, key=lambda owner: -owner.bytes)[:MOST_OWNERS])
        if bill
        else (),
    )


MOST_OWNERS = 3
