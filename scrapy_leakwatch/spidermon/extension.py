"""Spidermon, with its monitors at the very end after LeakWatch's last verdict."""

from __future__ import annotations

from spidermon.contrib.scrapy import extensions

from scrapy_leakwatch.spidermon.concluded import leakwatch_of


class Spidermon(extensions.Spidermon):  # type: ignore[misc]
    """Spidermon whose ``SPIDERMON_ENGINE_STOP_MONITORS`` wait for the last verdict.

    What a crawl took and did not give back is known a moment after the engine has
    stopped. All else is the same.
    """

    async def engine_stopped(self) -> None:
        """Run the suites once LeakWatch has said all; Scrapy calls this."""
        watching = leakwatch_of(self.crawler)
        if watching is not None:
            await watching.over()
        super().engine_stopped()
