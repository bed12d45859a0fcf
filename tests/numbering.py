"""The numbers and the stats of samples, without a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.report.numbers import Tally
from scrapy_leakwatch.report.stats import of_numbers

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Numbers, Sample
    from scrapy_leakwatch.report.stats import Stat


def numbers_of(*samples: Sample) -> Numbers:
    """Return the numbers of a crawl with these samples."""
    tally = Tally("shop", "somenasty")
    for sample in samples:
        tally.sample(sample)
    return tally.numbers


def stats_of(*samples: Sample) -> dict[str, Stat]:
    """Return the stats of a crawl with these samples."""
    return of_numbers(numbers_of(*samples))
