"""What is said of requests that pile up in the scheduler's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Counted, Explanation
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import not_known, stays

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict

REMEDY = "set JOBDIR, which keeps waiting requests on disk, or follow fewer links"


def _counted(verdict: Verdict, facts: Counted) -> Words:
    alone = ", and nothing else" if facts.alone else ""
    return Words(
        f"requests pile up{alone}: {verdict.unaccounted:,} wait in memory,"
        f" {stays(verdict.growth)}",
        remedy="" if isinstance(facts.found, Explanation) else REMEDY,
        caveat=not_known("their price", facts.found),
    )


KIND = KindWords(
    "backlog",
    "Backlog",
    "warn",
    {Counted: _counted},
    sentence="No leak, but requests pile up in memory.",
)
