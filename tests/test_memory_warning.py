"""The memory bill at the moment in which Scrapy warns of memory."""

from __future__ import annotations

import pytest
from scrapy import signals

from tests.conftest import QUICK_MODES, recorded

pytestmark = pytest.mark.skipif(
    not hasattr(signals, "memusage_warning_reached"),
    reason="this Scrapy does not signal it",
)


def bills(crawl, tmp_path, **settings) -> list:
    record = tmp_path / "record.jsonl"
    crawl(
        "Healthy",
        LEAKWATCH_RECORD=str(record),
        LEAKWATCH_INTERVAL=1000,
        MEMUSAGE_ENABLED=True,
        **settings,
    )
    *lines, _ = recorded(record)
    return [line for line in lines if line["type"] == "bill"]


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_bill_is_taken_when_memory_is_warned_of(crawl, tmp_path, mode) -> None:
    first, *_ = bills(crawl, tmp_path, MEMUSAGE_WARNING_MB=1, **mode)
    assert first["owners"]
    assert first["received"] < 10


def test_no_bill_is_taken_where_nobody_warns(crawl, tmp_path) -> None:
    early = [each for each in bills(crawl, tmp_path) if each["received"] < 10]
    assert early == []


def test_no_bill_is_taken_where_bills_are_off(crawl, tmp_path) -> None:
    settings = {"MEMUSAGE_WARNING_MB": 1, "LEAKWATCH_BILL": False}
    assert bills(crawl, tmp_path, **settings) == []


def test_the_bill_is_there_though_the_limit_ends_the_crawl(crawl, tmp_path) -> None:
    settings = {"MEMUSAGE_WARNING_MB": 1, "MEMUSAGE_LIMIT_MB": 2}
    assert bills(crawl, tmp_path, **settings)
