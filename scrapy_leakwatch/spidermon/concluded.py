"""What LeakWatch concludes of the crawl that is monitored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.extension import LeakWatch

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def leakwatch_of(crawler: Crawler) -> LeakWatch | None:
    """Return the extension of a crawl, None where it is not switched on."""
    return crawler.get_extension(LeakWatch) if crawler.extensions else None


def conclusion_of(crawler: Crawler) -> dict[str, Any] | None:
    """Return what `LeakWatch.conclusion` does, None where there is no LeakWatch."""
    watching = leakwatch_of(crawler)
    return None if watching is None else watching.conclusion()


def to_act_on(conclusion: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answers that somebody must act on, the worst first."""
    return [each for each in conclusion["answers"] if each["level"] == "act"]
