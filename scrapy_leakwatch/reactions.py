"""What a verdict sets off: a signal to whoever listens, and the end of a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch._compat import close_spider, send_signal
from scrapy_leakwatch.guard import Guard, logger
from scrapy_leakwatch.records import ALARMS, Explanation
from scrapy_leakwatch.signals import leak_detected

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import Verdict

CLOSE_REASON = "leakwatch_leak"


class Reactions:
    """Acts on the verdicts of one crawl. Never raises."""

    def __init__(self, crawler: Crawler, config: Config, spider: Spider) -> None:
        self._crawler = crawler
        self._closes = config.on_leak == "close"
        self._spider = spider
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

    def _signal(self, verdict: Verdict, explanation: Explanation | None) -> None:
        sent = send_signal(
            self._crawler,
            leak_detected,
            verdict=verdict,
            explanation=explanation,
            spider=self._spider,
        )
        sent.addErrback(self._failed)

    def _close(self) -> None:
        closing = close_spider(self._crawler, CLOSE_REASON)
        if closing is not None:
            logger.info(
                "LeakWatch closes the spider, for LEAKWATCH_ON_LEAK is 'close'",
                extra={"spider": self._spider},
            )
            closing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        logger.error("%s", failure.getTraceback(), extra={"spider": self._spider})
