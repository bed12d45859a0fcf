"""What ends a crawl by its numbers counts all processes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from scrapy.settings import Settings

from scrapy_leakwatch.recycle import totals

NOW = datetime.now(timezone.utc)


def test_numbers_go_on_and_what_is_of_one_process_does_not() -> None:
    stats = {
        "item_scraped_count": 3, "memusage/max": 7, "memusage/startup": 5,
        "leakwatch/samples": 4, "finish_reason": "finished", "finish_time": NOW,
        "elapsed_time_seconds": 2.0,
    }  # fmt: skip
    numbers, begun = totals.counted(totals.as_text(stats, NOW))
    assert numbers == {"item_scraped_count": 3, "memusage/max": 7}
    assert begun == NOW


def test_limits_are_what_is_left_of_them() -> None:
    settings = Settings(
        {
            "CLOSESPIDER_PAGECOUNT": 100, "CLOSESPIDER_ITEMCOUNT": 10,
            "CLOSESPIDER_ERRORCOUNT": 5, "CLOSESPIDER_TIMEOUT": 3600,
        }
    )  # fmt: skip
    stats = {
        "response_received_count": 30, "item_scraped_count": 99,
        "spider_exceptions/ValueError": 2, "spider_exceptions/count": 2,
    }  # fmt: skip
    begun = datetime.now(timezone.utc) - timedelta(minutes=50)
    left = totals.left_of(settings, totals.as_text(stats, begun))
    assert left["CLOSESPIDER_PAGECOUNT"] == 70
    assert left["CLOSESPIDER_ITEMCOUNT"] == 1
    assert left["CLOSESPIDER_ERRORCOUNT"] == 3
    assert 1 < left["CLOSESPIDER_TIMEOUT"] <= 600
    assert totals.left_of(Settings(), None) == {}
