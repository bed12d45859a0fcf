"""Hears each sample, and tells a crawl only what it has not been told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge.history import History
from scrapy_leakwatch.judge.suspicions import Case, suspicions
from scrapy_leakwatch.judge.verdicts import verdict_on

if TYPE_CHECKING:
    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import (
        Explanation,
        Sample,
        Suspicion,
        Unexplained,
        Verdict,
    )

AGAIN = 2
"""The same is said or asked again when this many times as many are held."""


class Docket:
    """The case of one crawl: its past, the verdicts, and what was dismissed."""

    def __init__(self, spider: str, config: Config) -> None:
        self._case = Case(spider, config.min_samples, config.min_objects)
        self._unproved_too = config.explain
        self._history = History()
        self._told: dict[str, Verdict] = {}
        self._dismissed: dict[str, Suspicion] = {}

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The latest verdict on each subject, in the order they were reached."""
        return tuple(self._told.values())

    def hear(self, sample: Sample) -> Suspicion | None:
        """Return the suspicion that a sample leads to, if there is news in it."""
        self._history.add(sample)
        for suspicion in suspicions(self._history, sample, self._case):
            if self._is_news(suspicion):
                return suspicion
        return None

    def conclude(
        self, suspicion: Suspicion, found: Explanation | Unexplained | None
    ) -> Verdict | None:
        """Return the verdict on a suspicion; ``found`` is who holds the objects."""
        verdict = verdict_on(suspicion, found, self._case.min_objects)
        if verdict is None:
            self._dismissed[suspicion.judged_as] = suspicion
        else:
            self._told[suspicion.judged_as] = verdict
        return verdict

    def _is_news(self, suspicion: Suspicion) -> bool:
        if not suspicion.proved and not self._unproved_too:
            return False
        told = self._told.get(suspicion.judged_as)
        if told is not None:
            return suspicion.unaccounted >= AGAIN * told.unaccounted
        dismissed = self._dismissed.get(suspicion.judged_as)
        if dismissed is None or (suspicion.proved and not dismissed.proved):
            return True
        return suspicion.unaccounted >= AGAIN * dismissed.unaccounted
