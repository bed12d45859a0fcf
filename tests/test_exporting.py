"""How numbers and verdicts get out of a crawl, and what is said where they do not."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl import exporting as room
from scrapy_leakwatch.crawl.exporting import Exporting, exporting
from scrapy_leakwatch.export import courier as couriers
from scrapy_leakwatch.export.courier import Courier
from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.ways import WAYS, Way, wanted
from scrapy_leakwatch.records import Numbers
from tests.conftest import needs_loop_alone

NUMBERS = Numbers("shop", "somenasty")


class Noting:
    """An exporter that notes what it gets, and raises what a test wants."""

    does = "note its numbers"
    begun = "LeakWatch notes its numbers"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.got: list[object] = []

    def numbers(self, numbers):
        self._take(numbers)

    def verdict(self, verdict, found):
        self._take(verdict)

    async def close(self, numbers):
        self._take(("closed", numbers))

    def _take(self, seen):
        if self.error is not None:
            raise self.error
        self.got.append(seen)


def exporting_to(*exporters) -> Exporting:
    made = Exporting()
    for exporter in exporters:
        made.add(exporter, None)
    return made


def test_each_exporter_gets_numbers_verdicts_and_the_close() -> None:
    one, other = Noting(), Noting()
    made = exporting_to(one, other)
    made.numbers(NUMBERS)
    made.verdict("a verdict", None, NUMBERS)
    asyncio.run(made.close(NUMBERS))
    asyncio.run(made.close(NUMBERS))
    expected = [NUMBERS, "a verdict", NUMBERS, ("closed", NUMBERS)]
    assert one.got == other.got == expected


def test_an_error_in_one_is_told_once_and_leaves_the_others(caplog) -> None:
    broken, other = Noting(ZeroDivisionError("of ours")), Noting()
    made = exporting_to(broken, other)
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        for _ in range(5):
            made.numbers(NUMBERS)
        made.verdict("a verdict", None, NUMBERS)
        asyncio.run(made.close(NUMBERS))
    assert other.got == [NUMBERS] * 5 + ["a verdict", NUMBERS, ("closed", NUMBERS)]
    (told,) = caplog.records
    assert told.levelname == "ERROR"
    assert told.message.startswith("LeakWatch can't note its numbers and does without")


def test_an_end_that_takes_nothing_is_one_warning_and_asked_again(caplog) -> None:
    down = Noting(ExportError("it is down"))
    made = exporting_to(down)
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        for _ in range(5):
            made.numbers(NUMBERS)
        down.error = None
        made.numbers(NUMBERS)
    assert down.got == [NUMBERS]
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("WARNING", "it is down")
    ]


def begun(monkeypatch, caplog, way: Way) -> Exporting:
    monkeypatch.setattr(room, "wanted", lambda config: [way])
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        return exporting(Config.from_settings(Settings()), NUMBERS, None)


def test_a_package_that_is_missing_is_one_warning_with_the_remedy(
    monkeypatch, caplog
) -> None:
    way = Way("prometheus_port", "no_such_package", "prometheus", Noting)
    begun(monkeypatch, caplog, way).numbers(NUMBERS)
    assert [each.message for each in caplog.records] == [
        "LEAKWATCH_PROMETHEUS_PORT needs a package that is not there, and the crawl"
        ' goes on without: pip install "scrapy-leakwatch[prometheus]"'
    ]


def test_one_that_can_not_begin_is_one_warning(monkeypatch, caplog) -> None:
    def refuse(config, numbers):
        raise ExportError("the port is taken")

    way = Way("prometheus_port", "json", "prometheus", refuse)
    begun(monkeypatch, caplog, way).numbers(NUMBERS)
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("WARNING", "the port is taken")
    ]


def test_one_that_begins_says_where(monkeypatch, caplog) -> None:
    noting = Noting()
    way = Way("prometheus_port", "json", "prometheus", lambda *_: noting)
    begun(monkeypatch, caplog, way).numbers(NUMBERS)
    assert [each.message for each in caplog.records] == ["LeakWatch notes its numbers"]
    assert noting.got == [NUMBERS]


def test_only_what_the_settings_ask_for_is_imported_and_made() -> None:
    assert wanted(Config.from_settings(Settings())) == []
    given = {
        "LEAKWATCH_PROMETHEUS_PORT": 0,
        "LEAKWATCH_PROMETHEUS_FILE": "a.prom",
        "LEAKWATCH_PUSHGATEWAY": "http://localhost:9091",
    }
    found = wanted(Config.from_settings(Settings(given)))
    assert [way.setting for way in found] == list(given)
    assert set(found) <= set(WAYS)


class Road:
    """What a courier carries along, as slowly as a test wants."""

    def __init__(self) -> None:
        self.trips = 0
        self.may_go = threading.Event()
        self.error: Exception | None = None

    def carry(self) -> None:
        self.trips += 1
        self.may_go.wait(60)
        if self.error is not None:
            raise self.error


async def until(true) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come about")


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if "leakwatch" in each.name]


@needs_loop_alone
def test_a_courier_carries_the_newest_once_and_nobody_waits() -> None:
    async def work() -> None:
        way = Road()
        courier = Courier(way.carry)
        courier.give()
        await until(lambda: way.trips == 1)
        for _ in range(100):
            courier.give()
        assert way.trips == 1
        way.may_go.set()
        await courier.settled(60)
        assert way.trips == 2
        await courier.end()
        assert threads() == []

    asyncio.run(work())


@needs_loop_alone
def test_a_courier_tells_why_it_failed_until_it_works_again() -> None:
    async def work() -> None:
        way = Road()
        way.may_go.set()
        courier = Courier(way.carry)
        for error, told in (
            (OSError(28, "No space left on device"), "No space left on device"),
            (ValueError("forged\nline"), "forged\\nline"),
            (ZeroDivisionError(), "ZeroDivisionError"),
            (None, ""),
        ):
            way.error = error
            courier.give()
            await courier.settled(60)
            assert courier.failure == told
        await courier.end()

    asyncio.run(work())


@needs_loop_alone
def test_a_courier_that_hangs_is_not_waited_for_and_broken_off(monkeypatch) -> None:
    monkeypatch.setattr(couriers, "LONGEST_S", 0.0)

    async def work() -> None:
        way = Road()
        courier = Courier(way.carry, way.may_go.set)
        courier.give()
        await until(lambda: way.trips == 1)
        await courier.settled(0.05)
        assert not way.may_go.is_set()
        time.sleep(0.001)
        courier.give()
        assert way.may_go.is_set()
        way.may_go.clear()
        await until(lambda: way.trips == 2)
        await courier.end()
        assert way.may_go.is_set()
        assert threads() == []

    asyncio.run(work())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.field)
def test_each_way_is_of_a_setting_and_an_extra(way) -> None:
    assert hasattr(Config.from_settings(Settings()), way.field)
    assert way.remedy == f'pip install "scrapy-leakwatch[{way.extra}]"'
