"""One process of a job: what it takes over, when it closes, and what it hands on."""

from __future__ import annotations

import logging
import os
import pickle
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals

from scrapy_leakwatch.internals.versions import close_spider, create_looping_call
from scrapy_leakwatch.recycle import totals
from scrapy_leakwatch.recycle.feeds import continued
from scrapy_leakwatch.recycle.files import Written
from scrapy_leakwatch.recycle.job import job_of
from scrapy_leakwatch.recycle.plan import (
    FULL,
    PAGES,
    REFUSED,
    STOPPED,
    End,
    Plan,
    plan_of,
)
from scrapy_leakwatch.recycle.queues import instead_of
from scrapy_leakwatch.recycle.scheduler import BEFORE, stored
from scrapy_leakwatch.recycle.starts import Starts
from scrapy_leakwatch.recycle.store import Store

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.statscollectors import StatsCollector
    from typing_extensions import Self

    from scrapy_leakwatch.recycle.refused import Refusal

log = logging.getLogger("scrapy_leakwatch")
TICK_S = 0.5
SAVE_S = 2.0
"""How often the state of the spider and the stats are kept for after a kill."""
MOST_REFUSED = 5
FIRST = -10_000
ABOVE_ALL = 100
"""What is on the command line is set once more as the crawl begins."""
PLAN = "RECYCLE_PLAN"
_DISK_QUEUES = ("SCHEDULER_DISK_QUEUE", "SCHEDULER_START_DISK_QUEUE")
STATE = "spider.state"
"""The file in which Scrapy keeps the state of a spider, and the note of it."""


def prepare(settings: BaseSettings, plan: Plan) -> None:
    """Set up a crawl as a process of a job, before it begins."""
    now: dict[str, Any] = {
        "JOBDIR": plan.job,
        PLAN: plan.as_text(),
        "LEAKWATCH_RECORD": plan.record.replace("%", "%%"),
        "LEAKWATCH_REPORT": None,
        "LEAKWATCH_RSS_LIMIT_MB": plan.rss_limit_mb,
        "SCHEDULER": stored(settings["SCHEDULER"]),
        "EXTENSIONS": {**settings.getdict("EXTENSIONS"), Process: FIRST},
        "SPIDER_MIDDLEWARES": {**settings.getdict("SPIDER_MIDDLEWARES"), Starts: FIRST},
    }
    now[BEFORE] = tuple(settings.get(name) for name in _DISK_QUEUES)
    now |= {
        name: instead_of(settings[name]) for name in _DISK_QUEUES if name in settings
    }
    if feeds := settings.getdict("FEEDS"):
        now["FEEDS"] = continued(feeds, plan.process)
    store = Store(Path(plan.job))
    now |= totals.left_of(settings, store.noted("stats"))
    store.close()
    for name, value in now.items():
        settings.set(name, value, priority=ABOVE_ALL)


class Process:
    """An extension that has one process go on with what those before it have done."""

    def __init__(self, crawler: Crawler, plan: Plan, stats: StatsCollector) -> None:
        self._crawler = crawler
        self._plan = plan
        self._stats = stats
        self._job = job_of(crawler)
        self._job.process = plan.process
        self._refused: dict[tuple[str, str], str] = {}
        self._saved = time.monotonic()
        self._closing = False
        self._timer = create_looping_call(self._tick)
        before, self._begun = totals.counted(self._job.store.noted("stats"))
        self._before = int(before.get("response_received_count", 0))
        self._take_over(before)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it; Scrapy calls this."""
        stats: Any = crawler.stats
        plan = plan_of(crawler.settings[PLAN])
        process = cls(crawler, plan, stats)
        crawler.signals.connect(process.spider_opened, signals.spider_opened)
        crawler.signals.connect(process.engine_started, signals.engine_started)
        crawler.signals.connect(process.engine_stopped, signals.engine_stopped)
        if plan.max_pages:
            crawler.signals.connect(process.count, signals.response_received)
        return process

    def _take_over(self, before: dict[str, float]) -> None:
        """Begin where the process before has left off."""
        state = None if self._job.clean else self._job.store.noted(STATE)
        if state is not None:
            (self._job.folder / STATE).write_bytes(state)
        for name, value in before.items():
            self._stats.set_value(name, value)
        self._job.flushes.append(Written(self._crawler).flush)
        self._job.refusals.append(self._refuse)

    def spider_opened(self) -> None:
        """Have what is done kept from now on."""
        # Connected here, this comes after those of all others.
        self._crawler.signals.connect(self.spider_closed, signals.spider_closed)
        self._stats.set_value(totals.BEGUN, self._begun)
        self._timer.start(TICK_S, now=False)

    def engine_started(self) -> None:
        """Note how far the feeds were written before anything goes into them."""
        self._job.commit()

    @property
    def _received(self) -> int:
        now = self._stats.get_value("response_received_count", 0)
        return int(now) - self._before

    def count(self) -> None:
        """Close once there were as many pages as there may be."""
        if self._received >= self._plan.max_pages:
            self._close(PAGES)

    def _refuse(self, refusal: Refusal) -> None:
        if len(self._refused) < MOST_REFUSED:
            self._refused.setdefault(refusal.cause, str(refusal))
        if not self._plan.loses:
            self._job.freeze()
            self._close(REFUSED)

    def _tick(self) -> None:
        if os.getppid() != self._plan.supervisor:
            self._close(STOPPED)
        if self._job.store.failed:
            text = "LeakWatch can't keep what the crawl does in %s (%s), and closes it"
            log.error(text, self._job.folder, self._job.store.failed)
            self._close(FULL)
        if time.monotonic() >= self._saved + SAVE_S:
            self._saved = time.monotonic()
            self._save()
            self._job.commit()

    def _close(self, reason: str) -> None:
        if not self._closing:
            self._closing = True
            close_spider(self._crawler, reason)

    def _save(self) -> None:
        """Keep the state of the spider and the stats, should there be no later."""
        stats = self._stats.get_stats()
        self._job.store.note("stats", totals.as_text(stats, self._begun))
        state: Any = getattr(self._crawler.spider, "state", None)
        if state:
            self._job.store.note(STATE, pickle.dumps(state, protocol=4))

    def spider_closed(self, reason: str) -> None:
        """Tell the time of the whole crawl, and hand it on."""
        took = datetime.now(timezone.utc) - self._begun
        self._stats.set_value("elapsed_time_seconds", took.total_seconds())
        if self._timer.running:
            self._timer.stop()
        self._job.thaw()
        self._save()
        pending = self._job.store.pending()
        refused = tuple(self._refused.values())
        end = End(self._plan.process, reason, self._received, pending, refused)
        self._job.store.note("end", end.as_text())
        self._job.store.commit()  # the feeds are closed already

    def engine_stopped(self) -> None:
        """Let go of the job."""
        self._job.close()
