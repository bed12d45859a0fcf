"""Says, once a crawl has ended, what it took and did not give back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy.utils.defer import maybe_deferred_to_future

from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.crawl.inquiry import Inquiry
from scrapy_leakwatch.crawl.runs import runs
from scrapy_leakwatch.explain import Question, explain_in_child
from scrapy_leakwatch.internals.versions import pause
from scrapy_leakwatch.judge.kinds import taken, unreleased
from scrapy_leakwatch.observe import resources
from scrapy_leakwatch.records import Effort, Unexplained
from scrapy_leakwatch.report.kinds.unreleased import with_total

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from weakref import WeakSet

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.observe.resources import Before, Owner
    from scrapy_leakwatch.records import (
        Explanation,
        Resource,
        Survivors,
        Suspicion,
        Verdict,
    )

    Told = tuple[Verdict, Explanation | Unexplained | None]

PAUSES_S = (0.001, 0.01, 0.03, 0.06, 0.1)
"""Searches before anybody is accused: what is being closed needs a few turns."""
OTHERS = "another look into the process was under way all the time"
WAIT_S = 5.0
"""How long the end of a crawl waits to hear who holds the crawlers."""


class Audit:
    """What one crawl took: seen before it, at its close and after it. Never raises.

    ``cost_s`` is how long the longest search took, during which nothing else ran.
    ``search`` returns what is left, ``pauses_s`` are the seconds before each look.
    """

    def __init__(
        self,
        crawler: Crawler,
        config: Config,
        guard: Guard,
        search: Callable[..., resources.Search] = resources.Search,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self._crawler = crawler
        self._search = search
        self._pauses_s = pauses_s
        self._config = config
        self._guard = guard
        self._opened_after = runs.number
        self._before: Before | None = guard(resources.before)
        self._owners: tuple[Owner, ...] = ()
        self.cost_s = 0.0

    def taken(self, suspicion: Suspicion) -> Explanation | Unexplained | None:
        """Return whose it is that piles up, None where a look here does not tell."""
        if self._before is None:
            return None
        begun = time.perf_counter()
        owners = self._guard(resources.owners, self._crawler) or ()
        search = self._guard(self._search, self._crawler, owners, self._before)
        if search is None:
            return None
        seen = self._guard(search.taken, taken.name_of(suspicion))
        Guard("let go of what it read", self._crawler.spider)(search.end)
        if seen is None:
            return None
        found = self._guard(unreleased.owner_of, seen, suspicion)
        stall = Effort(1000 * (time.perf_counter() - begun))
        return None if found is None else replace(found, effort=stall)

    def closing(self) -> None:
        """Note the components while the engine still has all of them."""
        self._owners = self._guard(resources.owners, self._crawler) or ()

    def starter(self, pids: Collection[int]) -> Resource | None:
        """Return who started one of some child processes, while the crawl runs."""
        if self._before is None:
            return None
        components = self._guard(resources.starters, self._crawler) or ()
        search = self._guard(self._search, self._crawler, components, self._before)
        if search is None:
            return None
        begun = time.perf_counter()
        started: Resource | None = self._guard(search.starter, pids)
        self._guard(search.end)
        self.cost_s = max(self.cost_s, time.perf_counter() - begun)
        return started

    async def verdicts(self, spider: str) -> list[Told]:
        """Return what to say, a moment after the engine has stopped."""
        left = await self._left()
        told: list[Told] = list(self._guard(unreleased.verdicts, left, spider) or ())
        told += await self._crawlers(spider)
        pinned = any(each.kind.pins for each in left)
        self._guard(runs.end, self._crawler, self._opened_after, pinned=pinned)
        self._owners = ()
        return told

    def news(self, verdict: Verdict) -> Verdict | None:
        """Return the verdict as it is to be told, None if an earlier crawl told it."""
        if verdict.signature is None or verdict.subject == "Crawler":
            return verdict
        count = runs.add(verdict.signature, verdict.count)
        if not runs.is_news(verdict.signature, count, unreleased.AGAIN):
            return None
        return with_total(verdict, count)

    async def _left(self) -> tuple[Resource, ...]:
        if self._before is None:
            return ()
        search = self._guard(self._search, self._crawler, self._owners, self._before)
        if search is None:
            return ()
        left: tuple[Resource, ...] = ()
        try:
            for seconds in self._pauses_s:
                await maybe_deferred_to_future(pause(seconds))
                left = unreleased.accused(self._measured(search))
                if not left:
                    break
        finally:  # not behind the guard that the search may have switched off
            Guard("let go of what it read", self._crawler.spider)(search.end)
        return left

    def _measured(self, search: resources.Search) -> tuple[Resource, ...]:
        begun = time.perf_counter()
        left = self._guard(search.left)
        self.cost_s = max(self.cost_s, time.perf_counter() - begun)
        return left or ()

    async def _crawlers(self, spider: str) -> list[Told]:
        """Return what to say of the crawlers of earlier crawls that stay."""
        seen = self._guard(runs.survivors, unreleased.FEW)
        if seen is None or not unreleased.worth_asking(seen[0]):
            return []
        survivors, crawlers = seen
        if not runs.is_news(unreleased.CRAWLER, survivors.count, unreleased.AGAIN):
            return []
        found = await self._holders(survivors, crawlers, spider)
        told = self._guard(unreleased.crawlers, survivors, found, spider)
        return [] if told is None else [told]

    async def _holders(
        self, survivors: Survivors, crawlers: WeakSet[Crawler], spider: str
    ) -> Explanation | Unexplained | None:
        if not self._config.explain:
            return None
        if not await Inquiry.turn(WAIT_S):
            return Unexplained("Crawler", unreleased.CRAWLER, spider, OTHERS)
        question = Question("Crawler", unreleased.CRAWLER, spider, survivors.count)
        asked = self._guard(
            explain_in_child,
            question,
            tuple({type(each) for each in crawlers}),
            self._crawler,
            self._config.explain_timeout,
            tuple(crawlers),
        )
        if asked is None:
            return None
        answers: list[Explanation | Unexplained | None] = []
        inquiry = self._guard(Inquiry, asked, answers.append, self._guard)
        if inquiry is None:
            return None
        await maybe_deferred_to_future(inquiry.settled(WAIT_S))
        return answers[0] if answers else None
