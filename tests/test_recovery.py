"""A verdict that no longer holds is withdrawn."""

from __future__ import annotations

from dataclasses import replace

from scrapy_leakwatch.judge.history import MOST_CONTAINERS
from tests.judging import (
    container,
    hear,
    holding,
    judge_of,
    queueing,
    sample,
    standing_kinds,
)


def withdrawn(case, samples) -> list:
    found = []
    for each in samples:
        hear(case, [each])
        found += case.withdraw()
    return found


def leak_then(*held: int) -> list:
    rise = [sample(n, responses=900 * n) for n in range(8)]
    return rise + [sample(8 + n, responses=count) for n, count in enumerate(held)]


def test_a_leak_is_withdrawn_when_most_of_it_is_gone() -> None:
    case = judge_of()
    (verdict,) = withdrawn(case, leak_then(10, 10, 10, 10))
    assert verdict.kind == "recovered"
    assert verdict.withdraws == verdict.id == 1
    assert verdict.message == (
        "HtmlResponse: the verdict leak no longer holds, most of it is gone:"
        " 10 now, 4,500 then"
    )
    assert standing_kinds(case) == ["recovered"]
    assert [each.kind for each in case.reached] == ["leak", "recovered"]


def test_a_dip_withdraws_nothing() -> None:
    case = judge_of()
    assert not withdrawn(case, leak_then(10, 10, 10, 6300, 10, 10, 10, 6300))
    assert standing_kinds(case) == ["leak"]


def test_what_is_withdrawn_can_be_told_again() -> None:
    case = judge_of()
    assert withdrawn(case, leak_then(10, 10, 10, 10))
    hear(case, [sample(12 + n, responses=10 + 900 * n) for n in range(8)])
    assert standing_kinds(case) == ["leak"]


def test_a_hoard_that_stops_growing_is_withdrawn() -> None:
    case = judge_of()
    lengths = [900 * min(n, 5) for n in range(20)]
    (verdict,) = withdrawn(
        case, [holding(n, container(length)) for n, length in enumerate(lengths)]
    )
    assert "it has stopped growing: 4,500 now, 4,500 then" in verdict.message


def test_what_stands_still_while_as_many_responses_come_as_before_is_withdrawn():
    case = judge_of()
    assert not withdrawn(case, leak_then(*[4600] * 2))
    (verdict,) = withdrawn(case, [sample(10 + n, responses=4600) for n in range(5)])
    assert verdict.message == (
        "HtmlResponse: the verdict leak no longer holds, it has stopped growing:"
        " 4,600 now, 4,500 then"
    )


def test_a_leak_that_goes_on_growing_is_not_withdrawn() -> None:
    case = judge_of()
    assert not withdrawn(case, leak_then(*[6300 + 300 * n for n in range(60)]))


def test_a_queue_that_drains_withdraws_its_backlog() -> None:
    case = judge_of()
    waiting = [900 * n for n in range(8)] + [900 * n for n in range(8, 0, -1)]
    samples = [queueing(n, queued) for n, queued in enumerate(waiting)]
    samples += [queueing(16 + n, 0) for n in range(5)]
    (verdict,) = withdrawn(case, samples)
    assert verdict.subject == "Request"
    assert standing_kinds(case) == ["recovered"]


def test_a_suppressed_verdict_is_withdrawn_as_quietly() -> None:
    case = judge_of()
    samples = leak_then(10, 10, 10, 10)
    hear(case, samples[:8])
    (key,) = case._told
    told = case._told[key]
    case._told[key] = told._replace(verdict=replace(told.verdict, suppressed=True))
    (verdict,) = withdrawn(case, samples[8:])
    assert verdict.suppressed


def test_what_went_on_growing_for_a_while_and_then_stands_still_is_withdrawn() -> None:
    case = judge_of()
    fills_up = [min(900 * n, 8000) for n in range(8, 12)]
    (verdict,) = withdrawn(case, leak_then(*fills_up, *[8000] * 20))
    assert "it has stopped growing: 8,000 now, 4,500 then" in verdict.message


def test_a_leak_that_is_slow_for_what_is_held_is_not_withdrawn() -> None:
    case = judge_of()
    slow = [sample(n, responses=50_000 + 100 * n) for n in range(60)]
    assert not withdrawn(case, slow)
    assert standing_kinds(case) == ["leak"]


def test_items_of_which_none_lives_any_more_are_withdrawn() -> None:
    case = judge_of()
    rise = [sample(n, items=900 * n) for n in range(8)]
    (verdict,) = withdrawn(case, [*rise, *[sample(8 + n) for n in range(5)]])
    assert "most of it is gone: 0 now" in verdict.message


def test_a_hoard_that_is_emptied_among_many_containers_is_withdrawn() -> None:
    case = judge_of()
    tables = [container(500, name=f"shop.tables.T{n}") for n in range(MOST_CONTAINERS)]
    rise = [holding(n, container(900 * n), *tables[1:]) for n in range(8)]
    hear(case, rise)
    assert standing_kinds(case) == ["hoard"]
    (verdict,) = withdrawn(case, [holding(8 + n, *tables) for n in range(8)])
    assert "most of it is gone: 500 now" in verdict.message
