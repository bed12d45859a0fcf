"""One crawl under watch: hands each record on to the next stage."""

from __future__ import annotations

import platform
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import scrapy
import twisted
from scrapy.utils.defer import maybe_deferred_to_future

import scrapy_leakwatch
from scrapy_leakwatch.explain import Question
from scrapy_leakwatch.explainer import Explainer
from scrapy_leakwatch.guard import Guard, logger
from scrapy_leakwatch.judge.docket import Docket
from scrapy_leakwatch.observe.sampler import Sampler
from scrapy_leakwatch.on_demand import OnDemand
from scrapy_leakwatch.report import log, recording, stats
from scrapy_leakwatch.report.block import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import (
        Explanation,
        Sample,
        Suspicion,
        Unexplained,
        Verdict,
    )

CLOSE_WAIT_S = 5.0
"""How long the end of a crawl waits for an explanation under way."""


class Watch:
    """The stages of one crawl, each behind a `Guard` of its own."""

    def __init__(self, crawler: Crawler, config: Config, spider: Spider) -> None:
        self._crawler = crawler
        self._config = config
        self._spider = spider
        self._observing = Guard("observe the crawl", spider)
        self._judging = Guard("judge what it sees", spider)
        self._explaining = Guard("explain what it sees", spider)
        self._logging = Guard("log what it sees", spider)
        self._counting = Guard("keep its stats", spider)
        self._recording = Guard("write its recording", spider)
        self._docket = Docket(spider.name, config)
        self._explainer = Explainer(crawler, config.explain_timeout, self._explaining)
        self.on_demand = OnDemand(self._explainer, spider, self._explaining)
        self._stats = stats.StatsReport()
        self._costs = stats.CostReport()
        self._written: dict[str, stats.Stat] = {}
        self._record = self._recording(self._open_record)
        self._sampler = self._observing(Sampler, crawler, config, self._observing)
        self._last: Sample | None = None
        self._table_due = time.monotonic() + config.log_interval

    def look(self) -> None:
        """Take a sample and hand it on. Never raises."""
        begun = time.perf_counter()
        if self._sampler is None:
            return
        sample = self._observing(self._sampler.sample)
        if sample is None:
            return
        self._last = sample
        suspicion = self._judging(self._docket.hear, sample)
        self._logging(self._log_table, sample)
        self._recording(self._write, recording.of_sample, sample)
        self._counting(self._set, self._stats.of_sample, sample)
        self._counting(self._set, stats.of_verdicts, self._docket.verdicts)
        taken = time.perf_counter() - begun
        self._counting(self._set, self._costs.of_sample, taken)
        if suspicion is not None:
            self._pursue(suspicion)

    async def finish(self) -> None:
        """Take the last sample, end the recording and let go of the process."""
        self._table_due = 0.0
        self.look()
        self.on_demand.close()
        if (settled := self._explainer.settled(CLOSE_WAIT_S)) is not None:
            await maybe_deferred_to_future(settled)
        if self._sampler is not None:
            Guard("let go of the process", self._spider)(self._sampler.stop)
        self._recording(self._end_record)

    def status(self) -> str:
        """Take a sample and return it, with the verdicts, in plain text."""
        self.look()
        if self._last is None:
            return "LeakWatch is off for this crawl: its log has the error."
        return log.status(self._last, self._docket.verdicts)

    def _pursue(self, suspicion: Suspicion) -> None:
        if self._explainer.busy:  # it is not forgotten: the next sample has it too
            return
        if not self._config.explain or self._explaining.off:
            self._conclude(suspicion, None)
            return
        question = Question(
            subject=suspicion.subject,
            class_path=suspicion.class_path,
            spider=suspicion.spider,
            count=suspicion.count,
            unaccounted=suspicion.unaccounted,
        )
        conclude = partial(self._conclude, suspicion)
        self._explaining(self._explainer.ask, question, conclude)
        if self._explaining.off:
            self._conclude(suspicion, None)

    def _conclude(
        self, suspicion: Suspicion, found: Explanation | Unexplained | None
    ) -> None:
        verdict = self._judging(self._docket.conclude, suspicion, found)
        if verdict is not None:
            self._logging(self._warn, verdict, found)
            self._recording(self._write, recording.of_verdict, verdict, time.time())
            self._counting(self._set, stats.of_verdicts, self._docket.verdicts)
        if found is not None:
            self._recording(self._write, recording.of_explanation, found, time.time())
            self._counting(self._set, self._costs.of_finding, found)
            self._counting(self._set, stats.of_finding, found, verdict)

    def _log_table(self, sample: Sample) -> None:
        if self._config.log_interval and time.monotonic() >= self._table_due:
            self._table_due = time.monotonic() + self._config.log_interval
            logger.info("%s", log.live_table(sample), extra={"spider": self._spider})

    def _warn(self, verdict: Verdict, found: Explanation | Unexplained | None) -> None:
        logger.warning("%s", block(verdict, found), extra={"spider": self._spider})

    def _set(self, report: Callable[..., dict[str, stats.Stat]], *seen: Any) -> None:
        for name, value in report(*seen).items():
            if self._written.get(name) != value:
                self._crawler.stats.set_value(name, value)
                self._written[name] = value

    def _open_record(self) -> recording.Recording | None:
        if self._config.record is None:
            return None
        record = recording.Recording(self._config.record, self._spider.name)
        line = recording.of_run(
            time=time.time(),
            spider=self._spider.name,
            project=self._crawler.settings["BOT_NAME"],
            versions=_versions(),
            config=self._config.as_record(),
        )
        record.write(line)
        logger.info("LeakWatch records to %s", record.path)
        return record

    def _write(self, report: Callable[..., recording.Line], *seen: Any) -> None:
        if self._record is not None:
            self._record.write(report(*seen))

    def _end_record(self) -> None:
        if self._record is None:
            return
        line = recording.of_summary(
            self._crawler.stats.get_stats(), self._docket.verdicts, time.time()
        )
        self._record.write(line)
        self._record.close()


def _versions() -> dict[str, str]:
    return {
        "scrapy-leakwatch": scrapy_leakwatch.__version__,
        "python": platform.python_version(),
        "scrapy": scrapy.__version__,
        "twisted": twisted.__version__,
    }
