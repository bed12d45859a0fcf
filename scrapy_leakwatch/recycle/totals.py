"""Has the stats of a crawl go on from process to process, and what ends it by them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

BEGUN = "start_time"
_OWN = ("leakwatch/", "memusage/startup", "elapsed_time")
"""Of one process each: nothing that could be added up."""
_COUNTED = {
    "CLOSESPIDER_PAGECOUNT": "response_received_count",
    "CLOSESPIDER_ITEMCOUNT": "item_scraped_count",
}
_ERRORS, _ALL_ERRORS = "spider_exceptions/", "spider_exceptions/count"


def as_text(stats: Mapping[str, Any], begun: datetime) -> str:
    """Return the stats that another process can go on counting."""
    numbers = {
        name: value
        for name, value in stats.items()
        if type(value) in (int, float) and not name.startswith(_OWN)
    }
    return json.dumps({BEGUN: begun.isoformat(), **numbers})


def counted(text: str | None) -> tuple[dict[str, float], datetime]:
    """Return the stats so far, and when the first process began."""
    found: dict[str, Any] = json.loads(text) if text else {}
    begun = found.pop(BEGUN, None)
    now = datetime.now(timezone.utc)
    return found, datetime.fromisoformat(begun) if begun else now


def left_of(settings: BaseSettings, text: str | None) -> dict[str, float]:
    """Return what is left of Scrapy's limits for the whole crawl, by setting."""
    stats, begun = counted(text)
    used = {name: stats.get(stat, 0) for name, stat in _COUNTED.items()}
    used["CLOSESPIDER_ERRORCOUNT"] = sum(
        number
        for name, number in stats.items()
        if name.startswith(_ERRORS) and name != _ALL_ERRORS
    )
    used["CLOSESPIDER_TIMEOUT"] = (datetime.now(timezone.utc) - begun).total_seconds()
    limits = {name: settings.getfloat(name) for name in used}
    return {name: max(limit - used[name], 1) for name, limit in limits.items() if limit}
