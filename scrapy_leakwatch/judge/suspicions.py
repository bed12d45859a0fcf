"""What grows where it should not: the rules that suspect, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import backlog, hoards, leaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.records import Sample, Suspicion

RULES: tuple[Callable[[History, Sample, Case], Iterator[Suspicion]], ...] = (
    leaks.suspicions,
    hoards.suspicions,
    backlog.suspicions,
)
"""The worst first: a leak explains what else grows, and not the other way round."""


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield what grows."""
    for rule in RULES:
        yield from rule(history, sample, case)
