"""What the spider, the components and the engine do."""

from __future__ import annotations

import time

from scrapy import signals as scrapy_signals
from scrapy.statscollectors import MemoryStatsCollector

from tests.faults.fault import LEAK, Fault
from tests.faults.moments import later

HERE = "tests.faults.rows.crawls"
SPIDERS = "tests.faults.spiders"


class RefusesOurStats(MemoryStatsCollector):
    """Takes nothing of LeakWatch's, or once not."""

    refused = 10**9

    def refuse(self, key: str) -> None:
        if key.startswith("leakwatch/") and self.refused:
            self.refused -= 1
            raise ConnectionError("no stats to be had")

    def set_value(self, key, value, *args, **kwargs):
        self.refuse(key)
        super().set_value(key, value, *args, **kwargs)

    def inc_value(self, key, *args, **kwargs):
        self.refuse(key)
        super().inc_value(key, *args, **kwargs)


class RefusesOneStat(RefusesOurStats):
    refused = 1


def every_signal() -> list[object]:
    from scrapy_leakwatch.signals import leak_detected

    named = vars(scrapy_signals)
    known = [named[name] for name in sorted(named) if type(named[name]) is object]
    return [*known, leak_detected]


class ThrowsInEverySignal:
    """Has a handler that throws for each signal, those of LeakWatch too."""

    def __init__(self, crawler) -> None:
        for signal in every_signal():
            crawler.signals.connect(self.throw, signal)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def throw(self):
        raise ArithmeticError("thrown in a handler")


def disconnect_all(moments) -> None:
    def strike(crawler) -> None:
        for signal in every_signal():
            crawler.signals.disconnect_all(signal)

    moments.page(strike)


def pause(moments) -> None:
    def strike(crawler) -> None:
        crawler.engine.pause()
        later(1.0, crawler.engine.unpause)

    moments.page(strike)


def block(seconds: float):
    def strike(moments) -> None:
        moments.page(lambda crawler: time.sleep(seconds))

    return strike


def block_during_a_look(seconds: float):
    def strike(moments) -> None:
        moments.look(lambda crawler: time.sleep(seconds))

    return strike


def many_objects(moments) -> None:
    def strike(crawler) -> None:
        crawler.spider.table = [{"number": number} for number in range(300_000)]

    moments.open(strike)


def pipeline(name: str) -> dict[str, object]:
    return {"ITEM_PIPELINES": {f"{SPIDERS}.{name}": 100}}


CRAWLS = (
    Fault(
        name="one_stat_refused",
        story="the stats collector refuses one number of LeakWatch",
        settings={"STATS_CLASS": f"{HERE}.RefusesOneStat"},
        told=LEAK,
        says=("LeakWatch can't keep its stats",),
    ),
    Fault(
        name="stats_refused",
        story="the stats collector refuses all numbers of LeakWatch",
        settings={"STATS_CLASS": f"{HERE}.RefusesOurStats"},
        says=("LeakWatch can't keep its stats",),
    ),
    Fault(
        name="blocks_for_ten_seconds",
        story="a callback blocks the reactor for ten seconds",
        strike=block(10),
        told=LEAK,
    ),
    Fault(
        name="blocks_during_a_look",
        story="a callback blocks for longer than a look may take",
        strike=block_during_a_look(10),
        settings={"LEAKWATCH_EXPLAIN_TIMEOUT": 5},
        told=LEAK,
    ),
    Fault(
        name="throws_in_start",
        story="the spider throws in start",
        spider="ThrowsInStart",
    ),
    Fault(
        name="throws_in_parse",
        story="the spider throws in each callback",
        spider="ThrowsInParse",
        told=LEAK,
    ),
    Fault(
        name="throws_in_errback",
        story="the spider throws in its errbacks",
        spider="ThrowsInErrback",
        told=LEAK,
    ),
    Fault(
        name="throws_in_closed",
        story="the spider throws in closed",
        spider="ThrowsInClosed",
        told=LEAK,
    ),
    Fault(
        name="throws_in_open_spider",
        story="a pipeline throws in open_spider",
        settings=pipeline("ThrowsInOpenSpider"),
    ),
    Fault(
        name="throws_in_process_item",
        story="a pipeline throws for each item",
        settings=pipeline("ThrowsInProcessItem"),
        told=LEAK,
    ),
    Fault(
        name="throws_in_close_spider",
        story="a pipeline throws in close_spider",
        settings=pipeline("ThrowsInCloseSpider"),
        told=LEAK,
    ),
    Fault(
        name="throws_in_every_signal",
        story="a handler throws for each signal",
        settings={"EXTENSIONS": {f"{HERE}.ThrowsInEverySignal": 100}},
        told=LEAK,
    ),
    Fault(
        name="all_disconnected",
        story="an extension disconnects all handlers of all signals",
        strike=disconnect_all,
        unheard=True,
    ),
    Fault(
        name="paused",
        story="the engine is paused and goes on",
        strike=pause,
        told=LEAK,
    ),
    Fault(
        name="hostile_objects",
        story="items and objects that end the process when they are asked",
        spider="Hostile",
        told=LEAK,
    ),
    Fault(
        name="many_objects",
        story="300,000 live objects",
        strike=many_objects,
        told=LEAK,
    ),
    Fault(
        name="five_in_turn",
        story="five crawls in a process, one after the other",
        spider="Healthy",
        crawls=5,
        leaves=("record-[2-5].jsonl",),
    ),
    Fault(
        name="five_at_once",
        story="five crawls in a process, at once",
        spider="Healthy",
        crawls=5,
        at_once=True,
        leaves=("record-[2-5].jsonl",),
    ),
)
