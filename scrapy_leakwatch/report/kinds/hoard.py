"""What is said of something that grows, and that nobody bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Counted, Weighed
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import not_known, stays, weighed

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict


def _counted(verdict: Verdict, facts: Counted) -> Words:
    return Words(
        f"{verdict.subject} grows without bound: {verdict.class_path} of"
        f" {verdict.count:,}, {stays(verdict.growth)}",
        caveat=not_known("its price", facts.found),
    )


KIND = KindWords(
    "hoard",
    "Hoard",
    "bad",
    {Counted: _counted, Weighed: weighed},
    sentence="{subject} grows without bound.",
    counted="entries",
)
