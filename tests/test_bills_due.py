"""When a memory bill is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl.billing import EARLY, Bills
from scrapy_leakwatch.records import Bill, BillLayers, BillOwner, Memory, NoBill
from tests.judging import sample

MB = 1_000_000


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Have each test be the first crawl of its process."""
    monkeypatch.setattr(Bills, "ended", [])
    monkeypatch.setattr(Bills, "crawls", 0)


def bills(**settings) -> Bills:
    given = {"LEAKWATCH_MIN_SAMPLES": 2, **settings}
    return Bills(Config.from_settings(Settings(given)))


def resident(number: int, rss: int):
    return replace(
        sample(number), memory=Memory(rss=rss, rss_peak=rss, python_blocks=1)
    )


def taken(rss: int, time: float = 0.0, analysis_ms: float = 100.0) -> Bill:
    layers = BillLayers()
    return Bill(time, 0, rss, 0.9, (), layers, analysis_ms=analysis_ms)


def begun(rss: int = 100 * MB, **settings) -> Bills:
    found = bills(**settings)
    assert not found.is_due(resident(1, rss))
    assert found.is_due(resident(2, rss))
    found.keep(taken(rss))
    return found


def past_the_early() -> Bills:
    found = begun()
    for number in range(EARLY):
        found.keep(taken(100 * MB + number))
    return found


def test_the_first_is_taken_when_the_rules_begin_to_judge() -> None:
    begun()


@pytest.mark.parametrize("off", ["LEAKWATCH_BILL", "LEAKWATCH_EXPLAIN"])
def test_none_is_taken_where_it_is_switched_off(off) -> None:
    found = bills(**{off: False})
    assert not any(found.is_due(resident(number, 100 * MB)) for number in range(9))
    assert not found.is_due(resident(9, 900 * MB), closing=True)


def test_growth_by_a_quarter_and_32_mb_is_a_reason() -> None:
    found = past_the_early()
    assert not found.is_due(resident(3, 131 * MB))
    assert found.is_due(resident(4, 133 * MB))
    large = past_the_early()
    large.keep(taken(1000 * MB))
    assert not large.is_due(resident(5, 1240 * MB))
    assert large.is_due(resident(6, 1251 * MB))


def test_an_hour_of_growth_costs_some_ten_bills() -> None:
    found, rss = past_the_early(), 100 * MB
    count = 0
    for number in range(360):
        rss += 2 * MB
        if found.is_due(resident(3 + number, rss)):
            found.keep(taken(rss))
            count += 1
    assert 5 <= count <= 12


def test_at_first_a_little_growth_is_enough_unless_looking_takes_long() -> None:
    assert begun().is_due(resident(3, 104 * MB))
    slow = begun()
    slow.keep(taken(100 * MB, analysis_ms=5_000.0))
    assert not slow.is_due(resident(3, 104 * MB))


def test_after_one_that_could_not_be_had_there_is_a_pause() -> None:
    found = past_the_early()
    found.keep(NoBill(40.0, 0, 140 * MB, "fork refused"))
    assert not found.is_due(resident(5, 150 * MB))
    assert found.is_due(resident(5, 190 * MB))
    assert found.is_due(resident(11, 150 * MB))


def test_at_close_a_little_growth_is_enough() -> None:
    found = past_the_early()
    assert not found.is_due(resident(3, 103 * MB), closing=True)
    assert found.is_due(resident(3, 105 * MB), closing=True)


def test_a_short_crawl_is_billed_only_in_a_row_of_crawls() -> None:
    assert not bills().is_due(resident(1, 100 * MB), closing=True)
    begun().end()
    assert not bills().is_due(resident(1, 100 * MB), closing=True)
    assert bills().is_due(resident(1, 101 * MB), closing=True)


def test_after_many_short_crawls_it_takes_more_growth_for_a_bill() -> None:
    for _ in range(EARLY + 1):
        begun().end()
    assert not bills().is_due(resident(1, 102 * MB), closing=True)
    assert bills().is_due(resident(1, 110 * MB), closing=True)


def test_all_are_compared_with_the_first_of_the_crawl() -> None:
    found = begun()
    later = found.keep(taken(150 * MB, time=60.0))
    assert isinstance(later, Bill)
    assert (later.since_rss, later.since_layers) == (100 * MB, BillLayers())


def test_the_last_bills_of_many_crawls_take_a_fixed_space() -> None:
    for number in range(50):
        found = bills()
        found.keep(taken(number))
        found.end()
    kept = [each.rss for each in Bills.ended]
    assert kept == [0, *range(42, 50)]


def test_the_fullest_bill_is_the_one_whose_owners_had_most() -> None:
    found = begun()
    owner = BillOwner("spider shop", "spider", "project", 40 * MB)
    full = found.keep(replace(taken(140 * MB), owners=(owner,)))
    found.keep(taken(150 * MB))
    assert found.fullest == full
