"""What is taken again and again while a crawl runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scrapy_leakwatch.judge.headroom import near
from scrapy_leakwatch.judge.kinds import taken, unreleased
from scrapy_leakwatch.records import (
    Counts,
    Resource,
    ResourceCounts,
    ResourceKind,
    ResourceLimits,
    Taken,
    Unexplained,
)
from scrapy_leakwatch.report import log
from scrapy_leakwatch.report.block import block
from scrapy_leakwatch.report.cards import _of_growth
from scrapy_leakwatch.report.kinds import worded
from tests.judging import explanation, hear, judge_of, sample, unexplained
from tests.test_watch import Crawl

THREAD = ResourceKind("Thread", "started", "still runs", "{}.join()", "join() it")
STEPS = range(12)


NO_LIMITS = ResourceLimits()


def having(number: int, limits=NO_LIMITS, **counts: int):
    return replace(sample(number), resources=ResourceCounts(**counts), limits=limits)


def rising(name: str, per_sample: int, **more):
    return [
        having(number, **{name: 7 + per_sample * number}, **more) for number in STEPS
    ]


def suspected(samples):
    """Return the first suspicion of a judge that hears the samples."""
    judge = judge_of(explain=True)
    return next(filter(None, map(judge.hear, samples)), None)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("threads", "79 threads run, +8 per 1,000 responses"),
        ("files", "79 files are open"),
        ("sockets", "79 sockets are open"),
        ("children", "79 child processes run"),
        ("timers", "79 timers wait"),
        ("tasks", "79 asyncio tasks have not ended"),
    ],
)
def test_what_rises_with_the_responses_is_told_with_its_rate(name, says) -> None:
    (verdict,) = hear(judge_of(), rising(name, 8))[:1]
    assert verdict.kind == "unreleased"
    assert says in verdict.message
    assert verdict.caveat
    assert verdict.remedy


def test_work_that_waits_is_counted_and_not_suspected() -> None:
    assert suspected(rising("pool_queue", 100)) is None


@pytest.mark.parametrize(
    "counts",
    [
        [7, *[47] * 15],
        [7, 20, 40, 60, 75, 85, 92, 97, 100, *[100] * 8],
        [7, 17, 27, 37, 47, *[47] * 10],
        [7 + number for number in range(12)],
        [7, 90, 8, 91, 9, 92, 10, 93, 11, 94, 12, 95],
    ],
    ids=["at once", "slower", "evenly", "too few", "come and go"],
)
def test_a_pool_that_fills_up_is_not_suspected(counts) -> None:
    samples = [having(number, sockets=count) for number, count in enumerate(counts)]
    assert suspected(samples) is None


def test_samples_without_a_count_are_passed_over() -> None:
    samples = rising("files", 8)
    gaps = [
        each if number % 2 else replace(each, resources=ResourceCounts())
        for number, each in enumerate(samples)
    ]
    assert suspected(gaps) is None  # too few by half
    longer = [having(number, files=8 * number) for number in range(24)]
    gaps = [
        each if number % 2 else replace(each, resources=ResourceCounts())
        for number, each in enumerate(longer)
    ]
    assert suspected(gaps).judged_as == "resources/files"


def test_the_forecast_is_to_the_limit_of_its_kind() -> None:
    limits = ResourceLimits(descriptors=1024, pids=500, pids_free=100)
    samples = rising("sockets", 8, files=10, limits=limits)
    (verdict,) = hear(judge_of(), samples)[:1]
    assert (verdict.limit, verdict.limit_of) == (1024, "descriptors")
    left = 1024 - 10 - verdict.count
    assert verdict.limit_in_s == pytest.approx(left / 8 * 10)
    text = block(verdict, None)
    assert "1,024 open files and sockets (ulimit -n) in about 19 min" in text
    facts = {fact.name: fact.text for fact in _of_growth(verdict)}
    assert "1,024 open files and sockets" in facts["Forecast"]
    (verdict,) = hear(judge_of(), rising("threads", 8, limits=limits))[:1]
    assert (verdict.limit, verdict.limit_of) == (500, "pids")
    assert verdict.limit_in_s == pytest.approx(100 / 8 * 10)
    assert "500 threads and processes in about 2 min" in block(verdict, None)


def test_without_a_limit_there_is_no_forecast() -> None:
    (verdict,) = hear(judge_of(), rising("timers", 8))[:1]
    assert verdict.limit is None
    assert "limit" not in block(verdict, None)


def test_it_is_withdrawn_when_they_are_given_back() -> None:
    judge = judge_of()
    (verdict,) = hear(judge, rising("tasks", 8))[:1]
    back = [having(20 + number, tasks=3) for number in range(5)]
    recovered = [each for one in back for each in (judge.hear(one), *judge.withdraw())]
    recovered = list(filter(None, recovered))
    assert [each.kind for each in recovered] == ["recovered"]
    assert recovered[0].withdraws == verdict.id


def test_the_timers_of_tasks_that_sleep_are_part_of_them() -> None:
    both = [
        having(number, tasks=8 * number, timers=5 + 8 * number) for number in range(24)
    ]
    told = hear(judge_of(), both)
    assert {each.subject for each in told} == {"asyncio task"}
    more = [
        having(number, tasks=8 * number, timers=40 * number) for number in range(24)
    ]
    assert {each.subject for each in hear(judge_of(), more)} == {
        "asyncio task",
        "timer",
    }


def test_they_wait_where_the_tasks_are_so_many_that_few_samples_count_them() -> None:
    seldom = [
        having(number, tasks=None if number % 4 else 8 * number, timers=8 * number)
        for number in range(60)
    ]
    told = hear(judge_of(), seldom)
    assert {each.subject for each in told} == {"asyncio task"}


def test_they_wait_where_this_sample_did_not_count_the_tasks() -> None:
    judge, busy = judge_of(explain=True), []
    for number in range(60):  # who would be asked about the tasks is busy for long
        tasks = None if number % 2 else 8 * number
        found = judge.hear(having(number, tasks=tasks, timers=8 * number))
        busy += [found.subject] if found else []
    assert set(busy) == {"asyncio task"}


UNEVEN = [46, 100, 336, 170, 303, 230, 386, 336, 475, 447, 513, 588, 661]
"""Tasks at a sample: most end at the next page, some never do."""


def test_they_wait_where_the_tasks_that_grow_come_and_go_as_well() -> None:
    samples = [
        having(number, tasks=tasks, timers=45 * number)
        for number, tasks in enumerate(UNEVEN)
    ]
    assert suspected(samples) is None


def test_they_do_not_wait_where_the_tasks_only_come_and_go() -> None:
    samples = [
        having(number, tasks=(46, 150, 90, 200)[number % 4], timers=45 * number)
        for number in range(len(UNEVEN))
    ]
    assert suspected(samples).subject == "timer"


def test_they_do_not_wait_for_what_was_judged_and_is_no_fault() -> None:
    judge = judge_of(explain=True)
    told = []
    for number in range(24):
        found = judge.hear(having(number, tasks=8 * number, timers=8 * number))
        if found is not None and found.subject == "asyncio task":
            judge.conclude(found, unexplained("pooled", gone=True))
        elif found is not None:
            told.append(judge.conclude(found, None).subject)
    assert "timer" in told


def owned(number: int, **fields) -> Resource:
    given = {
        "kind": THREAD,
        "what": f"Shop.poll (Thread-{number} (poll))",
        "owner": "spider Shop",
        "owner_kind": "spider",
        "class_path": "shop.Shop",
        "origin": "project",
        "method": "Shop.parse",
        "location": "shop.py:9",
        "code": "Thread(target=self.poll).start()",
        **fields,
    }
    return Resource(**given)


def suspicion(name: str = "threads"):
    return suspected(rising(name, 8))


def test_whoever_has_most_of_them_is_named() -> None:
    seen = Taken(148, 0, 32, tuple(map(owned, range(20))))
    found = unreleased.owner_of(seen, suspicion())
    assert (found.owner, found.location) == ("spider Shop", "shop.py:9")
    verdict = taken.verdict_on(suspicion(), found, None)
    assert (verdict.confidence, verdict.subject) == ("high", "Thread")
    assert "shop.py:9" in block(verdict, found)


def test_where_too_few_are_claimed_nobody_is_named() -> None:
    seen = Taken(148, 0, 32, tuple(map(owned, range(10))))
    assert unreleased.owner_of(seen, suspicion()) is None


def test_what_pools_have_is_not_told() -> None:
    seen = Taken(3, 60, 3, ())
    found = unreleased.owner_of(seen, suspicion())
    assert found.gone
    assert taken.verdict_on(suspicion(), found, None) is None


def test_a_few_pooled_ones_do_not_excuse_those_that_nobody_sees() -> None:
    assert unreleased.owner_of(Taken(3, 16, 3, ()), suspicion("sockets")) is None


def test_of_tasks_that_have_ended_meanwhile_nothing_is_told() -> None:
    found = unreleased.owner_of(Taken(3, 0, 3, ()), suspicion("tasks"))
    assert found.gone


def test_what_another_crawl_has_is_not_told() -> None:
    found = explanation(traits=("foreign",))
    assert taken.verdict_on(suspicion(), found, None) is None


def test_clients_are_the_subject_where_they_pile_up() -> None:
    found = replace(
        explanation(),
        subject="ClientSession",
        class_path="aiohttp.client.ClientSession",
        counts=Counts(148, 148),
    )
    verdict = worded(taken.verdict_on(suspicion("sockets"), found, None))
    assert verdict.subject == "ClientSession"
    assert "sockets are open" in verdict.message


def test_what_was_told_in_the_crawl_keeps_its_number_at_its_end() -> None:
    judge = judge_of(explain=True)
    told = [each for each in map(judge.hear, rising("threads", 8)) if each]
    found = unreleased.owner_of(
        Taken(148, 0, 32, tuple(map(owned, range(20)))), told[0]
    )
    verdict = judge.conclude(told[0], found)
    ((left, explained),) = unreleased.verdicts(list(map(owned, range(160))), "shop")
    assert judge.enter(left, explained).id == verdict.id
    assert judge.enter(replace(left, signature="ffffffff"), explained).id != verdict.id


def test_the_crawl_is_asked_first_and_a_child_where_that_does_not_tell() -> None:
    crawl = Crawl(rising("sockets", 8))
    crawl.audit.taken = lambda _: None
    crawl.look(12)
    (question, answered), *_ = crawl.explainer.asked
    assert (question.counted_as, question.subject) == ("sockets", "socket")
    answered(Unexplained("socket", "", "shop", "no memory"))
    (verdict,) = [each for (each,) in crawl.recorder.of("verdict")]
    assert "no memory" in verdict.caveat
    crawl = Crawl(rising("tasks", 8))
    crawl.audit.taken = lambda _: None
    crawl.look(12)
    assert crawl.explainer.asked == []
    assert crawl.kinds()[0] == "unreleased"


def test_most_of_a_limit_is_said_once_whether_it_grows_or_not(caplog) -> None:
    limits = ResourceLimits(descriptors=1024)
    (room,) = near(having(1, limits, files=24, sockets=980))
    said = "1,004 of at most 1,024 open files and sockets (ulimit -n) are in use"
    assert said in log.near_limit(room)
    assert not list(near(having(1, limits, files=24, sockets=500)))
    assert not list(near(having(1, limits, threads=5000)))
    crawl = Crawl([having(number, limits, files=24, sockets=980) for number in STEPS])
    with caplog.at_level("INFO", "scrapy_leakwatch"):
        crawl.look(12)
    assert caplog.text.count("are in use") == 1
    assert crawl.kinds() == []


def test_those_without_a_line_are_one_verdict_and_not_one_a_thread() -> None:
    left = [owned(number, location=None, code=None, method="") for number in range(29)]
    ((verdict, _),) = unreleased.verdicts(left, "shop")
    assert verdict.count == 29


def test_the_last_one_in_an_attribute_is_no_place_for_all() -> None:
    left = [owned(0, attribute="thread"), *map(owned, range(1, 29))]
    ((verdict, found),) = unreleased.verdicts(left, "shop")
    assert verdict.count == 29
    assert "self.thread" not in found.fix
