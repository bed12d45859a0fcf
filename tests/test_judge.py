from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.judge.growth import Point
from scrapy_leakwatch.judge.history import MOST, History
from scrapy_leakwatch.records import REQUESTS, RESPONSES, Floor, Growth, Sample
from scrapy_leakwatch.report.kinds.leak import pace
from scrapy_leakwatch.report.lines import duration
from tests.judging import (
    ITEM,
    SELECTOR,
    explanation,
    growing,
    hear,
    judge_of,
    sample,
    standing_kinds,
    unexplained,
    unproved,
)


def test_responses_that_pile_up_are_a_leak_told_once_and_when_it_doubles() -> None:
    case = judge_of()
    told = hear(case, (sample(n, responses=996 * n) for n in range(30)))
    held = [verdict.unaccounted for verdict in told]
    assert held == [996 * 5, 996 * 10, 996 * 20]
    assert {verdict.kind for verdict in told} == {"leak"}
    assert [verdict.unaccounted for verdict in case.verdicts] == held[-1:]
    assert told[0].message == (
        "HtmlResponse is leaking: 4,980 alive, +996 per 1,000 responses,"
        " oldest 4m25s; responses pile up at the same rate as requests"
        " (996 → 1,992 → 2,988 → 3,984 → 4,980 after full collections)"
    )
    assert told[0].confidence == "medium"
    assert told[0].growth.per_min == pytest.approx(996 * 6)


def test_a_look_that_took_long_is_not_followed_by_the_same_news() -> None:
    case = judge_of()
    asked = [case.hear(each) for each in growing(responses=50)]
    suspicion = next(filter(None, asked))
    assert case.conclude(suspicion, None)
    assert case.hear(sample(8, responses=2 * suspicion.unaccounted)) is None


def test_min_samples_steps_of_growth_are_needed() -> None:
    samples = [sample(n, responses=1000 * n) for n in range(20)]
    first = [
        next(n for n, each in enumerate(samples) if case.hear(each))
        for case in (judge_of(LEAKWATCH_MIN_SAMPLES=n) for n in (2, 4, 8))
    ]
    assert first == [3, 5, 9]


def test_fewer_than_min_objects_are_never_accused() -> None:
    samples = [sample(n, responses=30 * n) for n in range(20)]
    assert not hear(judge_of(LEAKWATCH_MIN_OBJECTS=600), samples)
    assert hear(judge_of(LEAKWATCH_MIN_OBJECTS=300), samples)


def test_growth_that_no_full_collection_saw_is_no_leak_without_a_holder() -> None:
    assert not hear(judge_of(), unproved(responses=140))
    case = judge_of(explain=True)
    assert not hear(case, unproved(responses=140), unexplained("late"))


@pytest.mark.parametrize("explain", [True, False])
def test_much_growth_without_a_proof_is_inconclusive_and_says_so(explain) -> None:
    found = unexplained("late") if explain else None
    case = judge_of(explain)
    (first, *_) = hear(case, unproved(responses=900), found)
    assert first.kind == "inconclusive"
    assert first.confidence == "low"
    assert first.caveat.endswith("late" if explain else "LEAKWATCH_EXPLAIN is off")
    later = [replace(each, time=each.time + 90) for each in growing(responses=900)]
    assert [each.kind for each in hear(case, later, found)][-1] == "leak"


def test_growth_that_no_full_collection_saw_is_told_with_a_holder() -> None:
    (verdict,) = hear(judge_of(explain=True), unproved(responses=900), explanation())
    assert verdict.confidence == "high"
    assert verdict.signature == "3f2a9c1e"


def test_the_rate_of_a_leak_seen_among_garbage_is_that_of_what_is_held() -> None:
    found = explanation(examined=20, garbage=15)
    (leak, *_) = hear(judge_of(explain=True), unproved(responses=1000), found)
    assert leak.growth.per_1000_responses == 250
    assert "+250 per 1,000 responses" in leak.message
    assert "25 % of the responses are never let go" in leak.message


def test_a_little_garbage_is_dismissed_and_asked_again_when_it_has_doubled() -> None:
    case = judge_of(explain=True)
    answer = unexplained("garbage", examined=24, garbage=20, in_flight=4)
    asked = []
    for each in (sample(n, responses=100 * n, floors=False) for n in range(40)):
        if suspicion := case.hear(each):
            verdict = case.conclude(suspicion, answer)
            asked.append((suspicion.unaccounted, verdict and verdict.kind))
    assert asked == [(500, None), (1000, None), (2000, "garbage")]
    assert "about 1,667 dead in reference cycles" in case.verdicts[0].message


@pytest.mark.parametrize(
    ("collector", "seen", "remedy"),
    [
        ("off", unproved, "take gc.disable() out"),
        ("full", unproved, "lower the last threshold"),
        ("full", growing, "call gc.unfreeze()"),
    ],
)
def test_much_garbage_is_told_with_what_would_free_it(collector, seen, remedy) -> None:
    samples = [replace(each, collector=collector) for each in seen(responses=900)]
    answer = unexplained("garbage", examined=24, garbage=24)
    (verdict,) = hear(judge_of(explain=True), samples, answer)
    assert verdict.kind == "garbage"
    assert remedy in verdict.remedy


def test_increments_leave_thousands_of_dead_and_only_more_are_told() -> None:
    answer = unexplained("garbage", examined=24, garbage=24)

    def told(responses: int) -> list:
        seen = unproved(responses=responses)
        samples = [replace(each, collector="increments") for each in seen]
        return hear(judge_of(explain=True), samples, answer)

    assert not told(900)
    (verdict,) = told(2_900)
    assert verdict.kind == "garbage"
    assert "take Python 3.14.5 or newer" in verdict.remedy


def test_a_few_that_are_held_among_garbage_are_too_few() -> None:
    found = explanation(garbage=22)
    assert not hear(judge_of(explain=True), unproved(responses=100), found)
    assert hear(judge_of(explain=True), unproved(responses=900), found)


def test_a_proved_leak_is_told_where_the_child_failed_and_says_so() -> None:
    (verdict,) = hear(
        judge_of(explain=True), growing(responses=900), unexplained("late")
    )
    assert verdict.confidence == "medium"
    assert verdict.caveat == "who holds them is not known: late"


@pytest.mark.parametrize("why", ["foreign", "bounded"])
def test_what_another_crawl_or_a_bounded_cache_holds_is_no_leak(why) -> None:
    found = explanation(**{why: True})
    assert not hear(judge_of(explain=True), growing(responses=900), found)


def test_a_look_without_a_fork_proves_nothing_by_itself() -> None:
    found = explanation(direct=True)
    assert not hear(judge_of(explain=True), unproved(responses=140), found)
    (verdict,) = hear(judge_of(explain=True), unproved(responses=900), found)
    assert verdict.kind == "inconclusive"
    (verdict,) = hear(judge_of(explain=True), growing(responses=900), found)
    assert verdict.kind == "leak"
    assert verdict.confidence == "medium"


def test_a_leak_of_responses_is_not_told_again_as_one_of_what_is_theirs() -> None:
    samples = growing(responses=900, requests=900, selectors=900)
    assert [each.subject for each in hear(judge_of(), samples)] == ["HtmlResponse"]


@pytest.mark.parametrize(
    ("held", "subject"), [("selectors", "Selector"), ("items", "Product")]
)
def test_other_classes_that_pile_up_are_a_leak(held, subject) -> None:
    (verdict,) = hear(judge_of(), growing(**{held: 500}))
    assert verdict.subject == subject
    assert "3,000 a minute are never let go" in verdict.message


@pytest.mark.parametrize(
    ("held", "verdicts"), [("items", 0), ("selectors", 1), ("responses", 1)]
)
def test_items_in_requests_that_wait_are_a_backlog_and_pages_are_not(
    held, verdicts
) -> None:
    found = explanation(holder="Request.cb_kwargs['item']", owner_kind="scheduler")
    assert len(hear(judge_of(explain=True), growing(**{held: 500}), found)) == verdicts


def test_requests_outside_every_queue_are_a_leak() -> None:
    (verdict,) = hear(judge_of(), growing(requests=500))
    assert verdict.subject == "Request"
    assert "3,000 a minute pile up outside" in verdict.message


def test_requests_that_can_not_be_counted_are_not_accused() -> None:
    samples = [sample(n, requests=500 * n) for n in range(4)]
    samples += [sample(n) for n in range(4, 12)]
    assert not hear(judge_of(), samples)


@pytest.mark.parametrize(
    ("share", "verdicts"), [(0.0, 0), (0.05, 0), (0.4, 1), (0.9, 1), (None, 1)]
)
def test_what_came_from_another_crawl_is_not_this_ones_leak(share, verdicts) -> None:
    samples = [sample(n, responses=900 * n, own_share=share) for n in range(8)]
    assert len(hear(judge_of(), samples)) == verdicts


@pytest.mark.parametrize(
    ("share", "found", "verdicts"),
    [
        (0.6, unexplained("late"), ["inconclusive"]),
        (0.6, explanation(), ["leak"]),
        (0.6, explanation(traits=("foreign",)), []),
        (0.9, unexplained("late"), ["leak"]),
    ],
)
def test_what_other_crawls_have_too_is_a_leak_only_with_a_holder(
    share, found, verdicts
) -> None:
    samples = [sample(n, responses=900 * n, own_share=share) for n in range(8)]
    told = hear(judge_of(explain=True), samples, found)
    assert [verdict.kind for verdict in told] == verdicts


def test_of_crawls_that_leak_alike_each_is_told_its_own() -> None:
    samples = [sample(n, responses=900 * n, own_share=1 / 3) for n in range(8)]
    (verdict,) = hear(judge_of(explain=True), samples, explanation())
    assert verdict.kind == "leak"
    assert verdict.growth.per_1000_responses == pytest.approx(300, rel=0.01)
    assert verdict.count == verdict.unaccounted == 1500


def test_the_forecast_is_what_is_left_at_the_rate_of_the_leak() -> None:
    samples = [sample(n, responses=1000 * n, limit=220_000_000) for n in range(8)]
    (verdict,) = hear(judge_of(explain=True), samples, explanation())
    # 120 MB are left, and 6,000 responses a minute take 10 kB each.
    assert verdict.limit_in_s == pytest.approx(120)


def point(number: int) -> Sample:
    return sample(number, responses=number)


def test_ten_million_samples_fit_into_a_fixed_history() -> None:
    history = History()
    for number in range(5_000):  # the size is the same from the 128th on
        history.add(point(number))
        assert len(history.levels(RESPONSES)) < MOST
        assert len(history.floors(RESPONSES)) < MOST
    times = [each.time for each in history.floors(RESPONSES)]
    assert times == sorted(times)
    assert times[-1] == 49_990
    assert times[0] < 100


def test_a_history_of_ever_new_classes_is_bounded() -> None:
    history = History()
    for number in range(1000):
        history.add(sample(0, **{f"shop.items.Item{number}": 1}))
    assert sum(bool(history.levels(f"shop.items.Item{n}")) for n in range(1000)) == 200


@given(st.lists(st.integers(0, 50), min_size=1, max_size=400))
def test_a_history_keeps_its_lowest_point(counts) -> None:
    history = History()
    for number, count in enumerate(counts):
        history.add(sample(number, responses=count))
    for series in (history.floors(RESPONSES), history.levels(RESPONSES)):
        assert min(each.held for each in series) == min(counts)


def test_the_floors_of_one_sample_are_remembered_as_the_lowest() -> None:
    history = History()
    floors = (
        Floor(1.0, 10, {RESPONSES: 90, REQUESTS: 5}),
        Floor(2.0, 20, {RESPONSES: 80}),
    )
    history.add(replace(sample(3), floors=floors))
    history.add(replace(sample(4), floors=()))
    assert list(history.floors(RESPONSES)) == [Point(2.0, 20, 80)]
    assert list(history.floors(REQUESTS)) == [Point(1.0, 10, 5)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.9, "0s"), (59, "59s"), (265, "4m25s"), (11_100, "3h05m"), (198_000, "2d07h")],
)
def test_an_age_is_told_in_its_two_largest_units(seconds, words) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (996.0, "responses pile up at the same rate as requests"),
        (250.0, "25 % of the responses are never let go"),
        (5.0, "1 in 200 responses is never let go"),
    ],
)
def test_the_pace_is_told_as_the_share_that_stays(rate, words) -> None:
    assert pace(RESPONSES, Growth((0, 1), rate, 1.0)) == words


def test_a_batch_that_its_owner_empties_is_left_alone_until_it_is_far_too_long() -> (
    None
):
    found = explanation(emptied=True)
    assert not hear(judge_of(explain=True), growing(items=500), found)
    assert not hear(judge_of(explain=True), growing(responses=140), found)
    assert hear(judge_of(explain=True), growing(items=5000), found)
    assert hear(judge_of(explain=True), growing(responses=500), found)


def test_more_responses_than_come_are_dead_ones() -> None:
    samples = [
        replace(each, received=each.received // 10) for each in unproved(responses=900)
    ]
    assert not hear(judge_of(explain=True), samples, explanation())
    samples = [
        replace(
            each,
            floors=tuple(replace(f, received=f.received // 10) for f in each.floors),
        )
        for each in growing(responses=900)
    ]
    assert hear(judge_of(explain=True), samples, explanation())


def test_selectors_are_judged_where_the_responses_are_only_dead() -> None:
    case = judge_of(explain=True)
    dead = unexplained("garbage", examined=24, garbage=24)
    told = []
    for each in unproved(responses=140, selectors=140):
        suspicion = case.hear(each)
        if suspicion is not None:
            page = suspicion.judged_as == RESPONSES
            told.append(case.conclude(suspicion, dead if page else explanation()))
    assert [verdict.subject for verdict in told if verdict] == ["Selector"]


def test_what_was_told_withdrawn_and_dismissed_is_not_asked_about_at_every_sample():
    case = judge_of(explain=True)
    hear(case, unproved(responses=900), explanation())
    hear(case, [sample(8 + n, floors=False, responses=10) for n in range(8)])
    assert case.withdraw()
    assert standing_kinds(case) == ["recovered"]
    dead = explanation(garbage=24, held=0)
    asked = []
    for number in range(16, 34):
        each = sample(number, floors=False, responses=50 * (number - 15))
        suspicion = case.hear(each)
        if suspicion is not None:
            asked.append(suspicion.unaccounted)
            assert case.conclude(suspicion, dead) is None
    assert 1 <= len(asked) <= 5
    assert all(after >= 1.5 * before for before, after in pairwise(asked))


def test_selectors_that_grow_far_faster_than_leaking_responses_are_told() -> None:
    samples = growing(responses=200, selectors=2000)
    verdicts = hear(judge_of(), samples)
    assert [each.subject for each in verdicts[:2]] == ["HtmlResponse", "Selector"]


def test_a_leak_that_is_accepted_stays_so_when_nobody_can_look() -> None:
    case = judge_of(explain=True, LEAKWATCH_SUPPRESS=["spider.pages*"])
    samples = growing(responses=900)
    (first,) = hear(case, samples[:6], explanation())
    assert first.suppressed
    (second,) = hear(case, [sample(20, responses=20_000)], unexplained("timed out"))
    assert second.suppressed


def test_few_that_are_held_among_many_in_flight_are_too_few() -> None:
    found = explanation(in_flight=23, held=1)
    assert not hear(judge_of(explain=True), growing(responses=30), found)


def test_the_dead_among_many_that_the_engine_works_on_are_no_leak() -> None:
    found = explanation(examined=4000, held=3500, garbage=500)
    assert not hear(judge_of(explain=True), unproved(responses=100), found)


def of_a_short_crawl(kept: float, *names: str) -> list:
    """Return a few samples between which pages came in bursts, and so many kept."""
    received = [0, 3, 4, 20, 20, 45, 46, 80, 95]
    names = names or ("responses",)
    return [
        replace(
            sample(n, floors=False, **dict.fromkeys(names, round(kept * came))),
            received=came,
        )
        for n, came in enumerate(received)
    ]


SMALL = {"LEAKWATCH_MIN_OBJECTS": 20}


def test_a_short_crawl_that_ends_with_nearly_all_pages_has_somebody_asked() -> None:
    case = judge_of(explain=True, **SMALL)
    assert not any(map(case.hear, of_a_short_crawl(0.95)))
    suspicion = case.kept()
    assert (suspicion.kind, suspicion.unaccounted) == ("leak", 90)
    held = explanation(examined=24, held=24)
    verdict = case.conclude(suspicion, held)
    assert (verdict.kind, verdict.holder) == ("leak", "spider.pages[*]")
    assert case.kept() is None


def test_each_of_the_things_that_a_short_crawl_kept_of_nearly_all_pages_is_told() -> (
    None
):
    case = judge_of(explain=True, **SMALL)
    assert not any(map(case.hear, of_a_short_crawl(0.95, "items", "responses")))
    held = explanation(examined=24, held=24)
    asked = [case.conclude(case.kept(), held).class_path for _ in range(2)]
    assert sorted(asked) == sorted([ITEM, "scrapy.http.HtmlResponse"])
    assert case.kept() is None


def test_of_several_that_grow_those_not_told_are_asked_about_without_a_sample() -> None:
    case = judge_of(explain=True)
    samples = [sample(n, items=90 * n, selectors=40 * n) for n in range(8)]
    first = next(filter(None, map(case.hear, samples)))
    assert case.suspicion() == first
    case.conclude(first, explanation(examined=24, held=24))
    second = case.suspicion()
    assert {first.class_path, second.class_path} == {ITEM, SELECTOR}
    case.conclude(second, explanation(examined=24, held=24, holder="spider.found[*]"))
    assert case.suspicion() is None


@pytest.mark.parametrize(("at_its_end", "kinds"), [(False, ["garbage"]), (True, [])])
def test_what_a_crawl_let_go_of_as_it_ended_is_no_garbage_to_tell(
    at_its_end, kinds
) -> None:
    case = judge_of(explain=True)
    samples = [sample(n, floors=False, responses=900 * n) for n in range(8)]
    found = unexplained("garbage", examined=50, garbage=48, in_flight=2)
    suspicion = next(filter(None, map(case.hear, samples)))
    if at_its_end:
        suspicion = case.kept()
    case.conclude(suspicion, found)
    assert [each.kind for each in case.verdicts] == kinds


def test_it_is_not_asked_where_pages_are_let_go_or_too_few_to_judge() -> None:
    for kept, settings in ((0.6, SMALL), (0.95, {})):
        case = judge_of(explain=True, **settings)
        assert not any(map(case.hear, of_a_short_crawl(kept)))
        assert case.kept() is None
    case = judge_of(explain=True, **SMALL)
    assert case.kept() is None
    assert not any(map(case.hear, of_a_short_crawl(0.95)[:5]))
    assert case.kept() is None


def test_pages_of_a_short_crawl_that_are_dead_are_no_leak() -> None:
    case = judge_of(explain=True, **SMALL)
    assert not any(map(case.hear, of_a_short_crawl(0.95)))
    assert case.conclude(case.kept(), unexplained("dead", examined=24, garbage=24)) is (
        None
    )
    assert case.kept() is None


def test_nobody_is_accused_of_pages_of_a_short_crawl_that_nobody_looked_at() -> None:
    case = judge_of(explain=False, **SMALL)
    assert not any(map(case.hear, of_a_short_crawl(0.95)))
    assert case.kept() is None
    case = judge_of(explain=True, **SMALL)
    assert not any(map(case.hear, of_a_short_crawl(0.95)))
    assert case.conclude(case.kept(), unexplained("no fork")) is None
    [(verdict, _)] = case.unlooked()
    assert verdict.kind == "inconclusive"
