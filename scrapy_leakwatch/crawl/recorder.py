"""Keeps what was seen and said of one crawl: in its stats and its recording."""

from __future__ import annotations

import atexit
import logging
import os
import platform
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import scrapy
import twisted

import scrapy_leakwatch
from scrapy_leakwatch.crawl.closing_report import ClosingReport
from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.crawl.so_far import SoFar
from scrapy_leakwatch.foundation import anatomy, clock, places, redact, traces
from scrapy_leakwatch.internals.versions import local_stats
from scrapy_leakwatch.judge import sufficiency, thresholds
from scrapy_leakwatch.judge.forecast import Forecast
from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.records import Bill, Layers, Looks, Run
from scrapy_leakwatch.report import stats
from scrapy_leakwatch.report.numbers import Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.judge.judge import Judge
    from scrapy_leakwatch.recordings.lines import Line
    from scrapy_leakwatch.records import (
        Crawl,
        Explanation,
        NoBill,
        Numbers,
        Sample,
        TooLittle,
        Trimmed,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | Layers


class Recorder:
    """Writes each record down as it comes. Never raises.

    ``clock`` returns seconds of the epoch.
    """

    def __init__(
        self,
        crawler: Crawler,
        config: Config,
        spider: Spider,
        judge: Judge,
        clock: Callable[[], float] = clock.now,
    ) -> None:
        self._clock = clock
        self._crawler = crawler
        self._config = config
        self._spider = spider
        self._judge = judge
        self._counting = Guard("keep its stats", spider)
        self._recording = Guard("write its recording", spider)
        self._reporting = Guard("write its report", spider)
        self._report = self._reporting(ClosingReport, config, spider)
        self._tally = Tally(redact.text(self._project), redact.text(spider.name))
        self._forecast = Forecast()
        self._pid = os.getpid()
        self._written: dict[str, stats.Stat] = {}
        self._written_verdicts: dict[int, Verdict] = {}
        self._looks = Looks()
        self._begun = clock()
        self._so_far = SoFar()
        self._record = self._recording(self._open_own_record)

    @property
    def record(self) -> Path | None:
        """Where the recording is, None without one."""
        return self._record.path if self._record else None

    @property
    def numbers(self) -> Numbers:
        """The numbers of the crawl as they are now."""
        return self._tally.numbers

    @property
    def is_recording(self) -> bool:
        """Tell whether a recording is being written, and has not failed."""
        return self._record is not None and not self._recording.off

    @property
    def unwatched(self) -> TooLittle | None:
        """Why it is not known whether the crawl leaks, None as long as it is."""
        needed = self._config.min_samples + thresholds.WARM_UP
        return sufficiency.unwatched(self._looks, needed)

    def hurry(self) -> None:
        """Try what failed at once: the crawl ends."""
        for guard in (self._counting, self._recording, self._reporting):
            guard.hurry()

    def looked(self, failed: str) -> None:
        """Count a look at the crawl, and keep that it ``failed`` for this reason."""
        looks = self._looks
        self._looks = Looks(
            looks.due + 1, looks.failed + bool(failed), failed or looks.reason
        )
        if failed:
            self._keep(writing.of_looks, self._looks, self._clock())
        if self._looks.failed:
            self._counting(self._tally.looks, self._looks, self.unwatched)
            self._count_verdicts()

    def sample(self, sample: Sample) -> None:
        """Keep a sample."""
        self._so_far.sample(sample)
        self._keep(writing.of_sample, sample)
        self._counting(self._tally.sample, sample)
        self._counting(self._forecast.hear, sample)
        self._count_verdicts()

    def cost(self, taken_s: float) -> None:
        """Keep what a sample cost with all that was done with it."""
        self._count(self._tally.cost, taken_s)

    def audited(self, taken_s: float) -> None:
        """Keep what a look at what is left of the crawl cost."""
        self._count(self._tally.audited, taken_s)

    def verdict(self, verdict: Verdict) -> None:
        """Keep a verdict."""
        self._keep(writing.of_verdict, verdict, self._clock())
        if not self._recording.off:
            self._written_verdicts[verdict.id] = verdict
        self._count_verdicts()

    def finding(self, found: Found, verdict: Verdict | None) -> None:
        """Keep what a look into the process found, whatever the verdict was."""
        self._count(self._tally.finding, found, verdict)
        rests, now = None if verdict is None else verdict.id, self._clock()
        if verdict is not None:
            self._so_far.finding(found, verdict, now)
        self._keep_finding(found, rests, now)

    def _keep_finding(self, found: Found, verdict: int | None, now: float) -> None:
        of_found = (
            writing.of_layers if isinstance(found, Layers) else writing.of_explanation
        )
        self._keep(of_found, found, verdict, now)

    def bill(self, bill: Bill | NoBill) -> None:
        """Keep a memory bill, or why there is none."""
        if isinstance(bill, Bill):
            self._count(self._tally.bill, bill)
        self._keep(writing.of_bill, bill)

    def trimmed(self, trimmed: Trimmed) -> None:
        """Keep what was given back to the system."""
        self._keep(writing.of_trim, trimmed, self._clock())
        self._count(self._tally.trimmed, trimmed)

    def begin_record(self, template: str) -> None:
        """Record from here on, and first what was said so far."""
        if self._record is not None:
            return
        self._record = self._recording(self._open_record, template)
        for verdict in self._judge.verdicts:
            self.verdict(verdict)
            if (kept := self._so_far.found(verdict)) is not None:
                time, found = kept
                self._keep_finding(found, verdict.id, time)

    def crawl(self, *, lasting: bool) -> Crawl:
        """Return what a recording would tell by now, without all that is past.

        ``lasting``: a recording that was asked for stays, and is named.
        """
        lasts = lasting and self._config.record is not None
        return self._so_far.crawl(
            run=self._run,
            verdicts=self._judge.verdicts,
            looks=self._looks,
            record=self.record if lasts else None,
        )

    def end_record(self) -> None:
        """Record no more; the crawl goes on."""
        atexit.unregister(self._exit)
        if self._record is not None:
            self._record.close()
        self._record = None

    def end_with_the_process(self) -> None:
        """See to it that there is an end, should nothing come after this."""
        atexit.register(self.end)

    def end(self) -> None:
        """Write the summary, close the recording and write the report."""
        atexit.unregister(self.end)
        atexit.unregister(self._exit)
        self.hurry()
        for verdict in self._judge.verdicts:
            if self._written_verdicts.get(verdict.id) is not verdict:
                self.verdict(verdict)  # could not be written when it was reached
        self._count_verdicts()
        self._recording(self._write_summary)
        if self._report is not None:
            record = self._record.path if self._record else None
            self._reporting(self._report.write, record)

    def report_so_far(self) -> None:
        """Write the report of what is known by now: there may be no later."""
        if self._report is not None and self._record is not None:
            self._reporting(self._report.write_so_far, self._record.path)

    def _count_verdicts(self) -> None:
        verdicts = self._judge.verdicts
        foreseen = self._counting(self._forecast.of, verdicts)
        self._count(self._tally.verdicts, self._judge.reached, verdicts, foreseen)

    def _count(self, keep: Callable[..., None], *seen: Any) -> None:
        self._counting(keep, *seen)
        self._counting(self._set_stats)

    def _set_stats(self) -> None:
        found = stats.of_numbers(self._tally.numbers)
        for name, value in found.items():
            if self._written.get(name) != value:
                self._crawler.stats.set_value(name, value)
                self._written[name] = value
        for name in self._written.keys() - found.keys():
            self._remove_stat(name)
            del self._written[name]

    def _remove_stat(self, name: str) -> None:
        """Take a stat back; where that can't be done it is 0, as there is none."""
        if local_stats(self._crawler.stats):
            self._crawler.stats.get_stats().pop(name, None)
        else:
            self._crawler.stats.set_value(name, 0)

    def _open_own_record(self) -> writing.Recording | None:
        template = self._config.record or (self._report and self._report.record())
        return self._open_record(template) if template else None

    def _open_record(self, template: str) -> writing.Recording:
        record = writing.Recording(template, self._spider.name)
        run = replace(self._run, time=self._clock(), process=traces.own())
        record.write(writing.of_run(run))
        atexit.register(self._exit)
        if self._config.record is not None:
            path = redact.text(str(record.path), 1000)
            log(logging.INFO, "LeakWatch records to %s", path)
        return record

    @cached_property
    def _run(self) -> Run:
        """What is told of the crawl, as it was when that was first asked for."""
        return Run(
            time=self._begun,
            spider=self._spider.name,
            project=self._project,
            pid=os.getpid(),
            versions=_versions(),
            config=self._config.as_record(),
            process=traces.own(),
            file=self._file(),
        )

    @property
    def _project(self) -> str:
        return str(self._crawler.settings["BOT_NAME"])

    def _file(self) -> str | None:
        """Return the spider's file, None where Scrapy finds the spider by its name."""
        module = anatomy.module(type(self._spider))
        packages = self._crawler.settings.getlist("SPIDER_MODULES")
        if any(f"{module}.".startswith(f"{package}.") for package in packages):
            return None
        path = places.file_of_module(module)
        return None if path is None else redact.text(places.relative(path))

    def _keep(self, report: Callable[..., Line], *seen: Any) -> None:
        if self._record is None:
            return
        line = self._recording(report, *seen)
        if line is not None:
            self._recording(self._record.write, line)

    def _exit(self) -> None:
        """Note that the process ends, and the crawl has not closed."""
        if os.getpid() != self._pid:
            return  # a child of the crawl's that ends in order
        self._keep(writing.of_exit, self._clock())

    def _write_summary(self) -> None:
        if self._record is None:
            return
        if self._looks.failed:
            self._record.write(writing.of_looks(self._looks, self._clock()))
        line = writing.of_summary(
            self._crawler.stats.get_stats(), self._judge.verdicts, self._clock()
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
