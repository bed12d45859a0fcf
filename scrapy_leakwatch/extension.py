"""The Scrapy extension: the signals, the timer, and the way from stage to stage."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import scrapy
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.extensions.telnet import update_telnet_vars
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import succeed

from scrapy_leakwatch.config import Config, ConfigError
from scrapy_leakwatch.crawl.audit import Audit
from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.crawl.rounds import Rounds
from scrapy_leakwatch.crawl.watch import Guards, Watch, stages
from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.internals import paths
from scrapy_leakwatch.internals.versions import memory_warning, pause
from scrapy_leakwatch.remote.console import telnet_variables
from scrapy_leakwatch.remote.on_demand import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path
    from typing import Any, Literal

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred
    from typing_extensions import Self

    from scrapy_leakwatch.remote.on_demand import BillFound

CLOSED = Text("No spider is open.")
PAUSE_S = 0.02
"""Between two looks whether all is said of a crawl."""
OVER_S = 60.0
"""How long that may take at most: the last bill and the last explanation are waited
for, and each of them has an end of its own."""


class LeakWatch:
    """Watches a crawl for memory leaks, from ``spider_opened`` to ``spider_closed``."""

    def __init__(self, crawler: Crawler, config: Config) -> None:
        self._crawler = crawler
        self._config = config
        self._watch: Watch | None = None
        self._ended: Watch | None = None
        self._conclusion: dict[str, Any] | None = None
        self._is_over = True
        self._rounds: Rounds | None = None
        self._started = self._stopped = False
        guard = Guard("see what the crawl leaves behind", crawler.spider)
        self._audit = Audit(crawler, config, guard)
        self.record: Path | None = None
        """Where the recording is, also after the crawl; None without one."""

    @property
    def watch(self) -> Watch | None:
        """The crawl under watch, None before it opens and after it has closed."""
        return self._watch

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension; Scrapy calls this.

        Raises `NotConfigured` when it is switched off, and with one line for the
        log at the first setting, or with a Python, that can't be used.
        """
        try:
            config = Config.from_settings(crawler.settings)
        except ConfigError as error:
            raise NotConfigured(str(error)) from error
        if not config.enabled:
            raise NotConfigured
        if refusal := collector.refusal():
            raise NotConfigured(refusal)
        extension = cls(crawler, config)
        for handler, signal in (
            (extension.spider_opened, signals.spider_opened),
            (extension.engine_started, signals.engine_started),
            (extension.spider_closed, signals.spider_closed),
            (extension.engine_stopped, signals.engine_stopped),
            (extension.update_telnet_vars, update_telnet_vars),
        ):
            crawler.signals.connect(handler, signal)
        if (warning := memory_warning()) is not None:
            crawler.signals.connect(extension.memusage_warning_reached, warning)
        return extension

    def spider_opened(self, spider: Spider) -> None:
        """Start to watch."""
        guard = Guard("watch the crawl", spider)
        guard(self._open, spider)
        stats = self._crawler.stats
        if guard.off and stats is not None:
            self._watch = None
            keep = Guard("keep its stats", spider)
            keep(stats.set_value, "leakwatch/verdict", "unwatched")
            keep(stats.set_value, "leakwatch/verdict_level", 1)
            keep(stats.set_value, "leakwatch/unwatched", guard.reason)

    def _open(self, spider: Spider) -> None:
        for path in paths.gone(self._crawler):
            text = "LeakWatch finds no %s (Scrapy %s), and does without what is there"
            name, version = paths.written(path), scrapy.__version__
            log(logging.WARNING, text, name, version, extra={"spider": spider})
        if collector.in_increments():
            text = (
                "Python %s makes no full collections by itself: what is alive is told"
                " from what is dead by a child that looks who reaches it"
            )
            log(logging.INFO, text, collector.version(), extra={"spider": spider})
        guards = Guards(spider)
        parts = stages(self._crawler, self._config, spider, guards)
        self._watch = Watch(self._config, spider, self._audit, guards, parts)
        self.record = self._watch.record
        self._rounds = Rounds.join(self._watch.look, self._config.interval)
        self._is_over = False

    def engine_started(self) -> None:
        """Note that there will be an `engine_stopped`."""
        self._started = True

    def memusage_warning_reached(self) -> None:
        """Take a memory bill as long as there is time for it."""
        if self._watch is not None:
            self._watch.look_at_memory()

    async def spider_closed(self) -> None:
        """Take the last sample and leave nothing behind."""
        if self._watch is None:  # it never opened
            return
        if self._rounds is not None:
            self._rounds.leave(self._watch.look)
        await self._watch.finish()
        self._ended = self._watch
        self._watch = self._rounds = None
        self._conclude(self._ended)
        if not self._started or self._stopped:  # `engine_stopped` will not come
            await self._end(audited=False)

    async def engine_stopped(self) -> None:
        """Say what was not given back, once everybody had the chance to.

        A crawl that is interrupted while its spider closes may stop before that.
        """
        self._stopped = True
        await self._end(audited=True)

    async def _end(self, *, audited: bool) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        try:
            await ended.end(audited=audited)
        finally:
            self._conclude(ended)
            self._is_over = True

    def _conclude(self, ended: Watch) -> None:
        """Keep what is known at the end: the watch is let go of."""
        conclude = Guard("say what it concludes", self._crawler.spider)
        self._conclusion = conclude(ended.conclusion)

    def update_telnet_vars(self, telnet_vars: dict[str, Any]) -> None:
        """Add ``leakwatch`` and ``hpy`` to the telnet console."""
        telnet_vars.update(telnet_variables(self))

    def why(self, name: str) -> Awaitable[Text]:
        """Ask who holds the live instances of a class, by its name or path.

        The question is under way when this returns. What it returns can be
        awaited for the answer, in the way of the event loop that runs.
        """
        return maybe_deferred_to_future(self.ask("why", name))

    def heap(self, name: str | None = None) -> Awaitable[Text]:
        """Ask for Guppy's heap by type, or for what refers to a class, as `why`.

        Where Guppy is missing, a line says so above what `bill` or `why` answers.
        """
        return maybe_deferred_to_future(self.ask("heap", name))

    def bill(self) -> Awaitable[Text]:
        """Ask who has the memory, as `why`: a table, an owner a line."""
        return maybe_deferred_to_future(self.ask_bill())

    def ask(self, question: Literal["why", "heap"], name: Any) -> Deferred[Text]:
        """Ask as `why` or `heap` do, for who needs a Deferred."""
        if self._watch is None:
            return succeed(CLOSED)
        answer: Deferred[Text] = getattr(self._watch.on_demand, question)(name)
        return answer

    def ask_bill(self) -> Deferred[Text]:
        """Ask as `bill` does, for who needs a Deferred."""
        return self._watch.on_demand.bill() if self._watch else succeed(CLOSED)

    def bill_record(self) -> Deferred[BillFound]:
        """Take a memory bill; None where none could be asked for."""
        return self._watch.on_demand.bill_record() if self._watch else succeed(None)

    def answer(self, *, lasting: bool = True) -> str:
        """Return what leaks, who holds it, the line and the fix, as JSON for programs.

        Its schema is what ``scrapy leakwatch why --schema`` prints. ``lasting``: the
        recording that was asked for stays, and can be compared with.
        """
        return self._watch.answer(lasting=lasting) if self._watch else "null"

    def conclusion(self) -> dict[str, Any] | None:
        """Return the document that `answer` prints, also once the crawl has closed.

        None before it opens, and where it could not be watched.
        """
        return self._watch.conclusion() if self._watch else self._conclusion

    async def over(self, within_s: float = OVER_S) -> None:
        """Wait until all is said of the crawl, a moment after its engine has stopped.

        What was not given back is known only then. Returns at once where nothing is
        to come.
        """
        give_up_at = time.monotonic() + within_s
        while not self._is_over and time.monotonic() < give_up_at:
            await maybe_deferred_to_future(pause(PAUSE_S))

    def status(self) -> str:
        """Return what is alive now, who owns it and the verdicts, in plain text."""
        return self._watch.status() if self._watch else CLOSED
