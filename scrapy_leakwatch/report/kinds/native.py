"""What is said of memory outside Python that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Outside
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import WHAT_IS_NATIVE, grows, megabytes

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict


def _outside(verdict: Verdict, facts: Outside) -> Words:
    return Words(
        f"memory outside Python grows: {grows(verdict.growth)}; of the last"
        f" {megabytes(facts.grown)}, {megabytes(min(facts.outside, facts.grown))} are"
        " neither Python's objects nor free",
        remedy=WHAT_IS_NATIVE,
    )


KIND = KindWords(
    "native",
    "Native memory",
    "bad",
    {Outside: _outside},
    sentence="Memory outside Python grows.",
)
