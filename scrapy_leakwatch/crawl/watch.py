"""One crawl under watch: hands each record on to the next stage."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from scrapy.utils.defer import maybe_deferred_to_future

from scrapy_leakwatch.crawl import guard
from scrapy_leakwatch.crawl.audit import OTHERS
from scrapy_leakwatch.crawl.billing import Bills
from scrapy_leakwatch.crawl.books import BILL_WAIT_S, TURN_WAIT_S, Books, answers
from scrapy_leakwatch.crawl.explainer import Explainer, question_on
from scrapy_leakwatch.crawl.exporting import Exporting, exporting
from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.crawl.reactions import Reactions
from scrapy_leakwatch.crawl.recorder import Recorder
from scrapy_leakwatch.crawl.rss_limit import RssLimit, rss_limit
from scrapy_leakwatch.crawl.sampling import Sampling
from scrapy_leakwatch.crawl.trimming import trim
from scrapy_leakwatch.judge.beside import Beside
from scrapy_leakwatch.judge.bills import is_urgent
from scrapy_leakwatch.judge.headroom import near
from scrapy_leakwatch.judge.judge import Judge
from scrapy_leakwatch.judge.kinds import kind_of, taken
from scrapy_leakwatch.judge.kinds.children import started_by
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.observe.ledger import open_engines
from scrapy_leakwatch.observe.sampler import Sampler
from scrapy_leakwatch.records import ALARMS, Explanation, Unexplained
from scrapy_leakwatch.remote.on_demand import OnDemand
from scrapy_leakwatch.report import log
from scrapy_leakwatch.report.block import block
from scrapy_leakwatch.report.kinds import worded
from scrapy_leakwatch.report.kinds.children import bounding
from scrapy_leakwatch.report.machine.answer import answer, printed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.crawl.audit import Audit
    from scrapy_leakwatch.records import (
        Floor,
        Layers,
        Sample,
        Suspicion,
        Trimmed,
        Verdict,
    )

    Found = Explanation | Unexplained | Layers | None

NOBODYS = "no component of the crawl has them"
CLOSE_WAIT_S = 5.0
"""How long the end of a crawl waits for an explanation, or a handler, under way."""


class Guards:
    """A border for each stage: an error in one leaves the others at work."""

    def __init__(
        self, spider: Spider, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.watching = Guard("watch the crawl", spider, clock)
        self.observing = Guard("observe the crawl", spider, clock)
        self.judging = Guard("judge what it sees", spider, clock)
        self.explaining = Guard("explain what it sees", spider, clock)
        self.logging = Guard("log what it sees", spider, clock)
        self.trimming = Guard("give memory back", spider, clock)
        self.billing = Guard("take memory bills", spider, clock)

    def hurry(self) -> None:
        """Try at once what failed: the crawl ends."""
        for each in vars(self).values():
            each.hurry()

    @property
    def blinded_by(self) -> str:
        """The error for which a look just now saw nothing.

        The stage may be on again by now.
        """
        stages = self.observing, self.judging, self.watching
        return next((each.reason for each in stages if each.reason), "")


@dataclass(frozen=True, slots=True)
class Stages:
    """What a watch hands records on to.

    ``clock`` returns steady seconds, as `time.monotonic` does.
    """

    sampler: Sampling
    judge: Judge
    bills: Bills
    explainer: Explainer
    recorder: Recorder
    reactions: Reactions
    exporting: Exporting = field(default_factory=Exporting)
    limit: RssLimit | None = None
    trim: Callable[[], Trimmed] = trim
    clock: Callable[[], float] = time.monotonic


def stages(crawler: Crawler, config: Config, spider: Spider, guards: Guards) -> Stages:
    """Return the stages of a crawl."""
    sampler = Sampling(lambda: Sampler(crawler, config, guards.observing))
    beside = Beside.join(lambda: len(open_engines(crawler)))
    judge = Judge(spider.name, config, worded, tuple(Bills.ended), beside)
    recorder = Recorder(crawler, config, spider, judge)
    return Stages(
        sampler=sampler,
        judge=judge,
        bills=Bills(config),
        explainer=Explainer(
            crawler,
            config.explain_timeout,
            sampler.container,
            sampler.in_scraper,
            guards.explaining,
        ),
        recorder=recorder,
        reactions=Reactions(crawler, config, spider),
        exporting=exporting(config, recorder.numbers, spider),
        limit=guards.watching(rss_limit, crawler, config, spider),
    )


class Watch:
    """One crawl under watch: asks its stages in turn, each behind its `Guard`."""

    def __init__(
        self,
        config: Config,
        spider: Spider,
        audit: Audit,
        guards: Guards,
        stages: Stages,
    ) -> None:
        self._config = config
        self._audit = audit
        self._spider = spider
        self._guards = guards
        self._sampler = stages.sampler
        self._judge = stages.judge
        self._explainer = stages.explainer
        self._recorder = stages.recorder
        self._reactions = stages.reactions
        self._exporting = stages.exporting
        self._limit = stages.limit
        self._trim_heap = stages.trim
        self._clock = stages.clock
        self._books = Books(
            *(spider, guards, stages, lambda: self._last, self._announce),
            asks=config.explain,
        )
        self.on_demand = OnDemand(
            self._explainer, spider, guards.explaining, self._books.take
        )
        self._last: Sample | None = None
        self._unasked: tuple[Suspicion, Sample] | None = None
        self._closing = False
        self._floors: tuple[Floor, ...] = ()
        self._near: set[str] = set()
        self._patience_s = config.interval * config.min_samples
        self._table_due = self._clock() + config.log_interval
        if self._limit is not None:
            self._limit.start(lambda: self._look(judged=False), self._tell_where)

    @property
    def record(self) -> Path | None:
        """Where the recording is, None without one."""
        return self._recorder.record

    @property
    def is_recording(self) -> bool:
        """Tell whether a recording is being written, and has not failed."""
        return self._recorder.is_recording

    def begin_record(self, template: str) -> None:
        """Record from here on; for one who attaches to the crawl."""
        self._recorder.begin_record(template)
        self.look()

    def end_record(self) -> None:
        """Record no more."""
        self._recorder.end_record()

    def look(self) -> None:
        """Take a sample and hand it on. Never raises."""
        self._look(judged=True)

    def _look(self, *, judged: bool) -> None:
        """Take a sample; one that somebody asked for must not bend the rules.

        They count how long something goes on, by samples that come in turn.
        """
        seen = self._guards.watching(self._see, judged=judged)
        if judged:
            self._recorder.looked("" if seen else self._guards.blinded_by)
            self._exporting.numbers(self._recorder.numbers)

    def _see(self, *, judged: bool) -> bool:
        """Take a sample and hand it on; tell whether it reached the judge."""
        begun = time.perf_counter()
        sample = self._guards.observing(self._sampler.sample)
        if sample is None:
            return False
        self._last = sample
        if self._limit is not None:
            self._limit.heard(sample)
        self._floors += sample.floors
        self._guards.logging(self._log_table, sample)
        self._guards.logging(self._log_near_limits, sample)
        self._recorder.sample(sample)
        if not judged:
            return True
        sample = replace(sample, floors=self._floors)
        self._floors = ()
        self._unasked = None
        suspicion = self._guards.judging(self._judge.hear, sample)
        heard = not self._guards.judging.off
        for verdict in self._guards.judging(self._judge.withdraw) or ():
            self._announce(verdict, None)
        self._recorder.cost(time.perf_counter() - begun)
        if suspicion is not None:
            self._pursue(suspicion, sample)
        if not self._closing:
            self._books.sampled(sample)
        return heard

    def look_at_memory(self) -> None:
        """Take a memory bill as soon as the process may ask: memory is short."""
        self._guards.watching(self._look_at_memory)

    def _look_at_memory(self) -> None:
        if not self._config.bill or self._closing:
            return
        if self._last is None:
            self._look(judged=False)
        if (free := self._explainer.free()) is not None:
            free.addCallback(lambda _: self.look_at_memory())
        else:
            self._books.take_if_free()

    async def _tell_where(self) -> None:
        """Say what can be said of a crawl that is to end for its memory."""
        self.look()
        await self._answers(BILL_WAIT_S)
        if self._config.bill:
            await self._books.take_in_turn()
        self._recorder.report_so_far()

    async def finish(self) -> None:
        """Take the last sample and let go of the process. Never raises."""
        self._closing = True
        if self._limit is not None:
            self._guards.watching(self._limit.stop)
        self._guards.hurry()
        self._recorder.hurry()
        await self._guards.watching.waiting(self._last_looks())
        self._guards.judging(self._judge.end)
        Guard("let go of the process", self._spider)(self._sampler.stop)
        await self._reactions.settled(CLOSE_WAIT_S)
        self._audit.closing()
        if (why := self._recorder.unwatched) is not None:
            self._log(logging.WARNING, log.unwatched(why))

    async def _last_looks(self) -> None:
        self._table_due = 0.0
        self.on_demand.close()  # who asked is not to keep us from it
        asking = self._explainer.settled(CLOSE_WAIT_S)
        self.look()
        self._recorder.end_with_the_process()
        if asking is not None:
            await maybe_deferred_to_future(asking)
            self.look()  # what was news meanwhile could not be asked about
        await self._answers(CLOSE_WAIT_S)
        until = self._clock() + CLOSE_WAIT_S
        await self._ask_on(self._judge.suspicion, until)
        await self._ask_on(self._judge.kept, until)
        await self._books.close()
        for verdict, found in self._guards.judging(self._judge.unlooked) or ():
            self._announce(verdict, found)
            self._recorder.finding(found, verdict)

    async def _ask_on(self, what: Callable[[], Suspicion | None], until: float) -> None:
        """Ask about all that the last sample shows, once: there is no next one."""
        asked: set[str] = set()
        while self._last is not None and (left := until - self._clock()) > 0:
            suspicion = self._guards.judging(what)
            if suspicion is None or suspicion.judged_as in asked:
                return
            asked.add(suspicion.judged_as)
            self._pursue(suspicion, self._last)
            await self._answers(left)

    async def _answers(self, within_s: float) -> None:
        """Wait for what was asked, and before that to ask, if others ask now."""
        if self._unasked is not None:
            await self._explainer.turn(TURN_WAIT_S)
            self._pursue(*self._unasked)
        if self._unasked is not None and self._closing:  # there is no next sample
            suspicion, _ = self._unasked
            self._conclude(suspicion, _unexplained(suspicion, OTHERS))
            self._unasked = None
        await answers(self._explainer, within_s)

    def _log(self, level: int, text: str) -> None:
        guard.log(level, "%s", text, extra={"spider": self._spider})

    async def end(self, *, audited: bool) -> None:
        """Say what was not given back, if ``audited``, and end the recording."""
        self._guards.hurry()
        try:
            told = await self._audit.verdicts(self._spider.name) if audited else []
            self._recorder.audited(self._audit.cost_s)
            for verdict, found in told:
                self._enter(verdict, found)
            await self._reactions.settled(CLOSE_WAIT_S)
        finally:
            self._recorder.end()
            await self._exporting.close(self._recorder.numbers)

    def status(self) -> str:
        """Take a sample and return it, with the verdicts, in plain text."""
        self._look(judged=False)
        if self._last is None:
            return "LeakWatch could not look at this crawl yet: its log has the error."
        return log.status(self._last, self._judge.verdicts, self._recorder.unwatched)

    def answer(self, *, lasting: bool) -> str:
        """Return what leaks and what to do about it, as JSON for programs.

        ``lasting``: its recording stays, if there is one.
        """
        return printed(self.conclusion(lasting=lasting))

    def conclusion(self, *, lasting: bool = True) -> dict[str, Any]:
        """Return the same as the document that it is."""
        crawl = self._recorder.crawl(lasting=lasting)
        return answer(crawl, too_little(crawl))

    def _pursue(self, suspicion: Suspicion, sample: Sample) -> None:
        if not self._config.explain:
            self._conclude(suspicion, None)
            return
        self._guards.explaining.poll(
            lambda: self._ask_about(suspicion, sample), suspicion.kind
        )
        if self._guards.explaining.off:
            self._answered(suspicion, None)

    def _ask_about(self, suspicion: Suspicion, sample: Sample) -> Literal[True] | None:
        """Ask, and return True, or None where somebody else is asked just now."""
        self._unasked = None
        asks = kind_of(suspicion).asks
        if asks == "starters":  # nobody has to look at the heap for that
            self._conclude(suspicion, self._who_started(suspicion))
            return True
        if self._explainer.busy and not self._books.put_off():
            if not self._explainer.asks:  # another crawl does
                self._unasked = suspicion, sample
            return None  # it is not forgotten: the next sample has it too
        if asks == "takers":
            found = self._audit.taken(suspicion)
            if found is not None or taken.all_are_seen(suspicion):
                self._conclude(suspicion, found or _unexplained(suspicion, NOBODYS))
                return True
        question = question_on(suspicion, sample, self._patience_s)
        self._explainer.ask(question, partial(self._answered, suspicion))
        return True

    def _answered(self, suspicion: Suspicion, found: Found) -> None:
        """Judge what a look found; None where it failed by an error of ours."""
        if found is None:
            reason = f"LeakWatch failed to look, {self._guards.explaining.reason}"
            found = _unexplained(suspicion, reason)
        self._conclude(suspicion, found)

    def _who_started(self, suspicion: Suspicion) -> Explanation | Unexplained:
        """Look for who started the child processes that grow."""
        program = suspicion.class_path
        starter = self._audit.starter(self._sampler.lineage(program))
        if starter is not None:
            fix = bounding(program, starter.has)
            return started_by(suspicion, starter, fix)
        return _unexplained(suspicion, NOBODYS)

    def _conclude(self, suspicion: Suspicion, found: Found) -> None:
        verdict = self._guards.judging(self._judge.conclude, suspicion, found)
        if verdict is not None:
            found = _with_fix(found, verdict)
            self._announce(verdict, found)
        if found is not None:
            self._recorder.finding(found, verdict)

    def _enter(self, verdict: Verdict, taken: Explanation | Unexplained | None) -> None:
        entered = self._guards.judging(self._judge.enter, verdict, taken)
        if entered is None:
            return
        found = _with_fix(taken, entered)
        news = self._guards.judging(self._audit.news, entered)
        if news is not None:
            self._announce(news, found)
        else:
            self._recorder.verdict(entered)
        if found is not None:
            self._recorder.finding(found, entered)

    def _announce(self, verdict: Verdict, found: Found) -> None:
        self._guards.logging(self._log_verdict, verdict, found)
        self._recorder.verdict(verdict)
        self._exporting.verdict(verdict, found, self._recorder.numbers)
        self._reactions.to(verdict, found)
        if verdict.kind == "fragmentation" and self._config.trim:
            self._trim()

    def _trim(self) -> None:
        trimmed = self._guards.trimming(self._trim_heap)
        if trimmed is not None:
            self._guards.logging(self._log, logging.INFO, log.of_trim(trimmed))
            self._recorder.trimmed(trimmed)

    def _log_table(self, sample: Sample) -> None:
        if self._config.log_interval and self._clock() >= self._table_due:
            self._table_due = self._clock() + self._config.log_interval
            self._log(logging.INFO, log.live_table(sample))

    def _log_near_limits(self, sample: Sample) -> None:
        """Say once that most of what the system allows is used, growing or not."""
        for room in near(sample):
            if room.of not in self._near:
                self._near.add(room.of)
                self._log(logging.INFO, log.near_limit(room))

    def _log_verdict(self, verdict: Verdict, found: Found) -> None:
        if verdict.suppressed:
            return
        part = verdict.cause is not None  # of one that was told
        alarms = (verdict.kind in ALARMS and not part) or is_urgent(verdict)
        level = logging.WARNING if alarms else logging.INFO
        self._log(level, block(verdict, found))


def _unexplained(suspicion: Suspicion, reason: str) -> Unexplained:
    return Unexplained(
        suspicion.subject, suspicion.class_path, suspicion.spider, reason
    )


def _with_fix(found: Found, verdict: Verdict) -> Found:
    """Return what was found with what helps, where only the verdict says that."""
    if isinstance(found, Explanation) and verdict.remedy:
        return replace(found, fix=verdict.remedy)
    return found
