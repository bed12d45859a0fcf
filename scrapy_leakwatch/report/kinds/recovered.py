"""What is said of a verdict that no longer holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Withdrawn
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import megabytes

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict


def _withdrawn(verdict: Verdict, facts: Withdrawn) -> Words:
    before, cause = facts.before, facts.cause
    if cause is not None:
        return Words(
            f"{before.subject}: its growth has a verdict by now,"
            f" {cause.kind} {cause.subject}"
        )
    if facts.beside:
        return Words(f"{before.subject}: its growth is that of other crawls beside it")
    why = "it has stopped growing" if facts.stands_still else "most of it is gone"
    now, then = (
        megabytes(number) if before.in_bytes else f"{number:,}"
        for number in (verdict.unaccounted, before.unaccounted)
    )
    return Words(
        f"{before.subject}: the verdict {before.kind} no longer holds, {why}:"
        f" {now} now, {then} then"
    )


KIND = KindWords("recovered", "Recovered", "good", {Withdrawn: _withdrawn})
