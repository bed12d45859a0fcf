"""What a verdict sets off: a signal to whoever listens, and the end of a crawl."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from scrapy.utils.defer import maybe_deferred_to_future

from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.internals.versions import close_spider, pause, send_signal
from scrapy_leakwatch.records import ALARMS, Explanation
from scrapy_leakwatch.recycle.plan import LEAK
from scrapy_leakwatch.signals import leak_detected

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import Verdict

PAUSE_S = 0.02
"""Between two looks whether the handlers of the signal have ended."""


class Reactions:
    """Acts on the verdicts of one crawl. Never raises."""

    def __init__(self, crawler: Crawler, config: Config, spider: Spider) -> None:
        self._crawler = crawler
        self._closes = config.on_leak == "close"
        self._spider = spider
        self._under_way: set[Deferred[Any]] = set()
        self._signalling = Guard("send its signal", spider)
        self._closing = Guard("close the spider", spider)

    def to(self, verdict: Verdict, found: object) -> None:
        """React to a verdict; nothing comes of one that is known and accepted."""
        if verdict.suppressed or verdict.kind not in ALARMS:
            return
        explanation = found if isinstance(found, Explanation) else None
        self._signalling(self._signal, verdict, explanation)
        if self._closes and verdict.kind == "leak":
            self._closing(self._close)

    async def settled(self, within_s: float) -> None:
        """Wait for the asynchronous handlers of the signal, each of them once.

        One that is late is left alone: it may itself wait for the crawl to end.
        """
        give_up_at = time.monotonic() + within_s
        while self._under_way and time.monotonic() < give_up_at:
            await maybe_deferred_to_future(pause(PAUSE_S))
        self._under_way.clear()

    def _signal(self, verdict: Verdict, explanation: Explanation | None) -> None:
        sent = send_signal(
            self._crawler,
            leak_detected,
            verdict=verdict,
            explanation=explanation,
            spider=self._spider,
        )
        sent.addErrback(self._failed)
        self._under_way.add(sent)
        sent.addBoth(lambda _: self._under_way.discard(sent))

    def _close(self) -> None:
        closing = close_spider(self._crawler, LEAK)
        if closing is not None:
            log(
                logging.INFO,
                "LeakWatch closes the spider, for LEAKWATCH_ON_LEAK is 'close'",
                extra={"spider": self._spider},
            )
            closing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        text, extra = failure.getTraceback(), {"spider": self._spider}
        log(logging.ERROR, "%s", text, extra=extra)
