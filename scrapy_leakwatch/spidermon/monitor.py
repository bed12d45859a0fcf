"""Fails where a crawl leaks, and says what, where and what helps."""

from __future__ import annotations

from typing import Any, ClassVar

from spidermon import MonitorSuite, monitors
from spidermon.contrib.scrapy.monitors.base import BaseScrapyMonitor

from scrapy_leakwatch.report.machine.text import rows
from scrapy_leakwatch.spidermon.concluded import conclusion_of, to_act_on

UNWATCHED = (
    "LeakWatch does not watch this crawl: add scrapy_leakwatch.LeakWatch to EXTENSIONS,"
    " and see in the log whether it was refused"
)


@monitors.name("LeakWatch")
class LeakMonitor(BaseScrapyMonitor):  # type: ignore[misc]
    """Fails with the worst verdict that somebody must act on, its price and fix.

    It is skipped, with the reason, where too little was seen to tell.
    """

    @monitors.name("Nothing leaks")  # type: ignore[untyped-decorator]
    def test_nothing_leaks(self) -> None:
        """Look at the verdicts that stand."""
        conclusion = conclusion_of(self.crawler)
        if conclusion is None:
            self.fail(UNWATCHED)
        elif leaking := to_act_on(conclusion):
            self.fail(_said(leaking, conclusion["left_out"]))
        elif conclusion["outcome"] in {"too_little", "unwatched"}:
            self.skipTest(conclusion["summary"])


class LeakMonitorSuite(MonitorSuite):  # type: ignore[misc]
    """`LeakMonitor` alone; a subclass has what is done when it fails."""

    monitors: ClassVar[list[type]] = [LeakMonitor]


def _said(leaking: list[dict[str, Any]], left_out: int) -> str:
    worst, *others = leaking
    lines = list(rows(worst))
    if more := len(others) + left_out:
        lines.append(f"  besides   {more:,} more, in the log")
    return "\n".join(lines)
