"""By this name the audit of a crawl that has ended knows the rule."""

from __future__ import annotations

from scrapy_leakwatch.judge.kinds.unreleased import (
    AGAIN,
    CRAWLER,
    FEW,
    accused,
    crawlers,
    verdicts,
    with_total,
    worth_asking,
)

__all__ = [
    "AGAIN",
    "CRAWLER",
    "FEW",
    "accused",
    "crawlers",
    "verdicts",
    "with_total",
    "worth_asking",
]
