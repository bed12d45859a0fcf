"""The numbers of a crawl and its stats, without a crawl."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scrapy_leakwatch.judge.forecast import Forecast
from scrapy_leakwatch.records import (
    OWNER_KINDS,
    SEVERITY,
    Bill,
    BillLayers,
    BillOwner,
    Children,
    LiveClass,
    Looks,
    ResourceCounts,
    TooLittle,
    Trimmed,
)
from scrapy_leakwatch.report.numbers import LONGEST, Tally, short
from scrapy_leakwatch.report.stats import MOST, NOT_FORESEEN_S, of_numbers
from tests.judging import explanation, growing, hear, judge_of, queueing, sample
from tests.numbering import numbers_of, stats_of

LEAK = "leakwatch/verdicts/leak"


def live(name: str, count: int, **fields) -> LiveClass:
    return LiveClass(f"shop.items.{name}", name, count, 7.9, **fields)


def with_live(number: int, *classes: LiveClass):
    return replace(sample(number), live=classes)


def bill_of(*owners: tuple[str, int]) -> Bill:
    made = tuple(
        BillOwner(name, OWNER_KINDS[0], "project", size) for name, size in owners
    )
    return Bill(0.0, 0, 1, 1.0, made, BillLayers(), stall_ms=8.0, analysis_ms=500.0)


def told(case, tally: Tally) -> dict:
    tally.verdicts(case.reached, case.verdicts)
    return of_numbers(tally.numbers)


def test_every_number_is_there_from_the_first_sample_on() -> None:
    counts = ResourceCounts(9, 8, 7, 0, 5, 4, 3)
    seen = replace(
        sample(0), resources=counts, children=Children(0, 0, "pss", ()), live=()
    )
    stats = stats_of(seen)
    assert stats["leakwatch/verdict"] == "healthy"
    assert stats["leakwatch/verdict_level"] == 0
    assert stats["leakwatch/forecast_seconds"] == NOT_FORESEEN_S
    assert stats["leakwatch/memory/children"] == 0
    assert {kind: stats[f"leakwatch/verdicts/{kind}"] for kind in SEVERITY} == (
        dict.fromkeys(SEVERITY, 0)
    )
    for name in ("threads", "files", "sockets", "children", "timers", "tasks"):
        assert type(stats[f"leakwatch/resources/{name}"]) is int
    words = {name for name, value in stats.items() if isinstance(value, str)}
    assert words == {"leakwatch/verdict"}


def test_a_leak_is_to_be_acted_on_until_it_is_withdrawn() -> None:
    case, tally = judge_of(explain=True), Tally("shop", "somenasty")
    assert told(case, tally)["leakwatch/verdict_level"] == 0
    hear(case, growing(responses=200), explanation(path=()))
    stats = told(case, tally)
    assert (stats["leakwatch/verdict_level"], stats[LEAK]) == (2, 1)
    for number in range(8, 16):
        hear(case, [sample(number, responses=0)])
    (withdrawn,) = case.withdraw()
    assert withdrawn.kind == "recovered"
    stats = told(case, tally)
    assert (stats["leakwatch/verdict_level"], stats[LEAK]) == (0, 1)
    assert stats["leakwatch/verdict"] == "leak"  # the worst so far


def test_what_is_only_told_is_to_be_looked_at() -> None:
    case, tally = judge_of(explain=True), Tally("shop", "somenasty")
    found = explanation(path=(), holder="scheduler memory queue")
    hear(case, [queueing(n, 20_000 * n, elapsed_s=60.0 * n) for n in range(12)], found)
    assert {verdict.kind for verdict in case.verdicts} == {"backlog"}
    assert told(case, tally)["leakwatch/verdict_level"] == 1


def test_what_is_accepted_is_not_counted() -> None:
    case = judge_of(explain=True, LEAKWATCH_SUPPRESS=["spider.pages*"])
    hear(case, growing(responses=200), explanation(path=()))
    assert case.verdicts
    stats = told(case, Tally("shop", "somenasty"))
    assert (stats["leakwatch/verdict_level"], stats[LEAK]) == (0, 0)


def test_a_crawl_that_is_not_watched_is_to_be_looked_at() -> None:
    tally = Tally("shop", "somenasty")
    tally.looks(Looks(4, 4, "OSError"), TooLittle("looks", 0, 4, subject="OSError"))
    stats = told(judge_of(), tally)
    assert stats["leakwatch/verdict"] == "unwatched"
    assert stats["leakwatch/verdict_level"] == 1
    assert stats["leakwatch/failed_looks"] == 4


HUGE = "Kläße" * 60


def hostile(huge: str = HUGE) -> Tally:
    """Return the tally of a crawl of 200 classes with names of 300 characters."""
    tally = Tally(f"project {huge}", f"spider {huge}")
    (leak,) = hear(judge_of(explain=True), growing(responses=200), explanation())
    counts = ResourceCounts(*range(1, 10))
    for number in range(200):
        names = [f"{huge}{each:03}" for each in range(number, number + 200)]
        classes = [live(name, 10 + index) for index, name in enumerate(names)]
        seen = replace(
            with_live(number, *classes),
            resources=counts,
            children=Children(0, 0, "pss", ()),
        )
        tally.sample(seen)
        tally.cost(0.001)
        tally.bill(bill_of(*((f"owner {name}", 10**12) for name in names)))
        tally.finding(explanation(subject=names[0], holder=huge, stall_ms=1.0), leak)
    tally.trimmed(Trimmed(2, 1, 0.0))
    tally.audited(0.001)
    tally.looks(Looks(4, 4, "e" * 90), TooLittle("looks", 0, 4, subject="e" * 90))
    return tally


@pytest.mark.parametrize("huge", [HUGE, "a" * 300, "\u6c34" * 300])
def test_no_crawl_has_more_than_sixty_stats_or_16_kb_of_them(huge) -> None:
    stats = of_numbers(hostile(huge).numbers)
    assert len(stats) <= MOST == 60
    assert len(json.dumps(stats)) < 16_000
    assert len(json.dumps(stats, ensure_ascii=False).encode()) < 16_000


def test_the_classes_of_a_hostile_crawl_keep_a_stat_for_the_largest() -> None:
    numbers = hostile().numbers
    assert len(numbers.live) == 10
    largest = f"leakwatch/live/{numbers.live[0].name}"
    assert largest in of_numbers(numbers)


def test_the_classes_of_a_small_crawl_have_all_their_stats() -> None:
    classes = (live("HtmlResponse", 40), live("Request", 90), live("Selector", 39))
    spider = live("Somenasty", 1, ignored=True)
    tally = Tally("shop", "somenasty")
    tally.sample(with_live(1, *classes, spider))
    tally.bill(bill_of(*((f"owner {n}", n) for n in range(12))))
    stats = of_numbers(tally.numbers)
    for name in ("HtmlResponse", "Request", "Selector"):
        assert {f"leakwatch/{group}/{name}" for group in ("live", "peak")} <= set(stats)
        assert stats[f"leakwatch/oldest_seconds/{name}"] == 7
    assert sum(name.startswith("leakwatch/owner/") for name in stats) == 10


def test_room_is_kept_for_the_owners_so_that_no_class_loses_its_stats() -> None:
    classes = tuple(live(f"Item{n}", 10 + n) for n in range(30))
    tally = Tally("shop", "somenasty")
    tally.sample(with_live(1, *classes))
    before = of_numbers(tally.numbers)
    tally.bill(bill_of(*((f"owner {n}", n) for n in range(12))))
    tally.cost(0.1)
    tally.audited(0.1)
    tally.finding(explanation(stall_ms=1.0), None)
    after = of_numbers(tally.numbers)
    assert set(before) <= set(after)
    assert len(after) == 60


def test_a_class_that_is_gone_has_none_alive_and_its_peak() -> None:
    stats = stats_of(with_live(1, live("Item", 40)), with_live(2, live("Other", 4)))
    assert stats["leakwatch/live/Item"] == stats["leakwatch/oldest_seconds/Item"] == 0
    assert stats["leakwatch/peak/Item"] == 40
    assert stats["leakwatch/peak/Other"] == 4


def test_a_class_that_gets_another_name_has_one_stat() -> None:
    again = LiveClass("shop.items.Item", "shop.items.Item", 41, 7.0)
    stats = stats_of(with_live(1, live("Item", 40)), with_live(2, again))
    assert "leakwatch/live/Item" not in stats
    assert stats["leakwatch/peak/shop.items.Item"] == 41


def test_classes_made_one_after_the_other_take_no_space() -> None:
    tally = Tally("shop", "somenasty")
    for number in range(500):
        tally.sample(with_live(number, live(f"Made{number}", 5)))
    assert len(tally.numbers.live) == len(tally._live) == 10


@pytest.mark.parametrize("name", ["Item", "a" * 100, "é" * 50])
def test_a_name_that_fits_stays_as_it_is(name) -> None:
    assert short(name) == name


def test_two_long_names_stay_two() -> None:
    names = {short(f"{HUGE}{end}") for end in ("one", "two")}
    assert len(names) == 2
    assert all(len(name.encode()) <= LONGEST for name in names)
    assert all(name.startswith("Kläße") for name in names)


def test_what_a_sample_leaves_out_keeps_its_number() -> None:
    seen = replace(sample(1), resources=ResourceCounts(threads=9, files=8))
    numbers = numbers_of(seen, replace(sample(2), resources=ResourceCounts(threads=3)))
    assert numbers.resources == {"threads": 3, "files": 8}


def test_costs_are_the_highest_and_those_of_the_samples_add_up() -> None:
    tally = Tally("shop", "somenasty")
    for taken_s in (0.002, 0.001):
        tally.cost(taken_s)
    tally.bill(bill_of(("spider", 5)))
    costs = tally.numbers.costs
    assert costs.samples_s == pytest.approx(0.003)
    assert (costs.sample_s, costs.stall_s, costs.bill_s) == (0.002, 0.008, 0.5)
    assert costs.explain_s is None
    assert "leakwatch/cost/explain_ms" not in of_numbers(tally.numbers)


def test_holders_are_kept_of_the_latest_classes() -> None:
    tally = Tally("shop", "somenasty")
    (leak,) = hear(judge_of(explain=True), growing(responses=200), explanation())
    for number in range(9):
        tally.finding(explanation(subject=f"Item{number}", stall_ms=1.0), leak)
    assert list(tally.numbers.holders) == ["Item5", "Item6", "Item7", "Item8"]


def memory(number: int, rss: int, **fields):
    seen = sample(number, limit=1_000_000_000)
    return replace(seen, memory=replace(seen.memory, rss=rss), **fields)


def verdict(**fields):
    (leak,) = hear(judge_of(explain=True), growing(responses=200), explanation())
    return replace(leak, **fields)


def test_a_forecast_comes_nearer_as_memory_does() -> None:
    forecast = Forecast()
    forecast.hear(memory(1, 200_000_000))
    leak = verdict(limit_in_s=800.0)
    assert forecast.of((leak,)) == 800
    forecast.hear(memory(2, 600_000_000))
    assert forecast.of((leak,)) == 400
    forecast.hear(memory(200, 600_000_000))  # it has stopped, so its end is no nearer
    assert forecast.of((leak,)) == 400
    forecast.hear(memory(201, 2_000_000_000))
    assert forecast.of((leak,)) == 0


def test_a_forecast_of_descriptors_comes_nearer_with_the_time() -> None:
    forecast, leak = Forecast(), verdict(limit_in_s=60.0, limit_of="descriptors")
    for number, left in ((1, 60), (4, 30), (40, 0)):
        forecast.hear(memory(number, 200_000_000))
        assert forecast.of((leak,)) == left


def test_the_nearest_of_several_limits_is_foreseen_and_none_of_what_is_over() -> None:
    forecast = Forecast()
    assert forecast.of(()) is None
    forecast.hear(memory(1, 200_000_000))
    near, far = verdict(id=1, limit_in_s=60.0), verdict(id=2, limit_in_s=600.0)
    assert forecast.of((far, near)) == 60
    assert forecast.of((far, replace(near, kind="recovered"))) == 600
    assert forecast.of((far, replace(near, suppressed=True))) == 600
    assert forecast.of((replace(near, limit_in_s=None),)) is None


def test_what_is_foreseen_later_than_in_a_year_is_not_foreseen() -> None:
    tally = Tally("shop", "somenasty")
    for seconds, told_s in ((59.6, 60), (1e12, NOT_FORESEEN_S), (None, NOT_FORESEEN_S)):
        tally.verdicts((), (), seconds)
        stats = of_numbers(tally.numbers)
        assert stats["leakwatch/forecast_seconds"] == told_s
