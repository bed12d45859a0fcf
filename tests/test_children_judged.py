"""When memory in child processes is told to grow, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scrapy_leakwatch.judge.kinds.children import started_by
from scrapy_leakwatch.observe.resources.kinds.child_process import KIND
from scrapy_leakwatch.records import Children, Memory, Program, Resource
from scrapy_leakwatch.report.block import block
from scrapy_leakwatch.report.kinds.children import bounding
from tests.judging import hear, judge_of, sample, standing_kinds

MB = 1_000_000
SAMPLES = 20


def having(number: int, *programs: tuple[str, int, int], **fields):
    """Return a sample with these programs: name, processes, megabytes."""
    found = tuple(Program(name, count, size * MB) for name, count, size in programs)
    children = Children(
        sum(each.count for each in found),
        sum(each.bytes for each in found),
        "pss",
        found,
    )
    return replace(sample(number), children=children, **fields)


def crawl(size_of, samples=SAMPLES, **fields):
    """Return the samples of a crawl whose worker has so many MB by the sample."""
    return [having(n, ("python", 1, size_of(n)), **fields) for n in range(samples)]


def test_a_worker_that_grows_is_told_with_its_program_and_its_bytes() -> None:
    (verdict,) = hear(judge_of(), crawl(lambda n: 20 + 6 * n))
    assert verdict.kind == "children"
    assert verdict.subject == "child processes"
    assert verdict.class_path == "python"
    assert verdict.count == 1
    assert verdict.bytes == verdict.unaccounted > 80 * MB
    assert verdict.growth.per_1000_responses == pytest.approx(6 * MB)
    assert verdict.share_of_growth == 1.0
    assert "1 process of python" in verdict.message
    assert verdict.caveat == "who started them is not known: LEAKWATCH_EXPLAIN is off"


@pytest.mark.parametrize(
    "size_of",
    [
        pytest.param(lambda n: min(20 * n, 160), id="starts up and levels off"),
        pytest.param(lambda _: 900, id="large and flat"),
        pytest.param(lambda n: 40 * (n % 4), id="comes and goes"),
        pytest.param(lambda n: int(400 - 400 * 0.8**n), id="fills up"),
        pytest.param(lambda n: 500 if n > 9 else 0, id="one more that is large"),
        pytest.param(lambda n: 2000 + 9 * n, id="noise of large ones"),
        pytest.param(lambda n: 20 + n, id="little"),
        pytest.param(lambda n: 100 * n % 300, id="started anew now and then"),
    ],
)
def test_workers_that_level_off_or_come_and_go_are_healthy(size_of) -> None:
    assert hear(judge_of(), crawl(size_of)) == []


def test_a_clock_that_stands_still_leaves_the_share_of_the_growth_open() -> None:
    samples = [replace(each, time=9.0) for each in crawl(lambda n: 20 + 6 * n)]
    (verdict,) = hear(judge_of(), samples)
    assert verdict.kind == "children"
    assert verdict.share_of_growth is None


def test_it_is_told_again_once_it_has_doubled() -> None:
    told = hear(judge_of(), crawl(lambda n: 20 + 10 * n, samples=60))
    assert [each.kind for each in told] == ["children"] * len(told)
    assert len(told) == 3
    assert {each.id for each in told} == {1}


def test_ever_more_processes_are_told_too() -> None:
    samples = [
        having(n, ("chromium", n, 30 * n), ("node", 1, 90)) for n in range(SAMPLES)
    ]
    (verdict,) = hear(judge_of(), samples)
    assert verdict.class_path == "chromium"
    assert "await page.close()" in verdict.remedy


def test_where_no_program_has_most_of_the_growth_none_is_named() -> None:
    names = ("one", "two", "three")
    samples = [having(n, *((name, 1, 3 * n) for name in names)) for n in range(SAMPLES)]
    (verdict,) = hear(judge_of(), samples)
    assert verdict.class_path == ""
    assert "3 processes, " in verdict.message


def test_its_share_is_of_what_both_the_crawl_and_its_children_grew_by() -> None:
    samples = [
        replace(each, memory=Memory(100 * MB + 18 * MB * n, 1, 1))
        for n, each in enumerate(crawl(lambda n: 20 + 6 * n))
    ]
    told = hear(judge_of(), samples)
    (verdict,) = [each for each in told if each.kind == "children"]
    assert verdict.share_of_growth == pytest.approx(0.25)


def test_only_the_limit_of_the_container_is_that_of_child_processes() -> None:
    limits = {"memory_limit": 150 * MB, "container_limit": 1000 * MB}
    (verdict,) = hear(judge_of(), crawl(lambda n: 20 + 6 * n, **limits))
    left = 1000 * MB - 100 * MB - verdict.bytes
    assert verdict.limit == 1000 * MB
    assert verdict.limit_in_s == pytest.approx(60 * left / (36 * MB))


def test_what_child_processes_have_is_gone_for_the_crawl_itself() -> None:
    limits = {"memory_limit": 1000 * MB, "container_limit": 1000 * MB}
    assert having(0, ("python", 1, 400), **limits).beside == 400 * MB
    limits = {"memory_limit": 500 * MB, "container_limit": 1000 * MB}
    assert having(0, ("python", 1, 400), **limits).beside == 0


def test_it_is_withdrawn_once_the_processes_have_ended() -> None:
    case = judge_of()
    hear(case, crawl(lambda n: 20 + 6 * n))
    withdrawn = []
    for number in range(SAMPLES, SAMPLES + 6):
        case.hear(having(number))
        withdrawn += case.withdraw()
    (verdict,) = withdrawn
    assert verdict.kind == "recovered"
    assert "0 MB now" in verdict.message
    assert verdict.count == 1


def test_that_child_processes_grow_does_not_explain_the_memory_of_the_crawl() -> None:
    case = judge_of(LEAKWATCH_BILL=False)
    samples = [
        replace(each, memory=Memory(100 * MB + 20 * MB * n, 1, 10 * MB))
        for n, each in enumerate(crawl(lambda n: 20 + 6 * n))
    ]
    hear(case, samples)
    assert "children" in standing_kinds(case)
    assert case.rising(closing=True).kind == "inconclusive"


def test_without_children_nothing_is_told() -> None:
    assert hear(judge_of(), [sample(n) for n in range(SAMPLES)]) == []


def resource(**changed) -> Resource:
    known = {"kind": KIND.record, "what": "work", "owner": "item pipeline Extracting",
             "owner_kind": "item pipeline", "class_path": "shop.Extracting",
             "origin": "project", "method": "Extracting.open_spider",
             "attribute": "pool", "has": "ProcessPoolExecutor",
             "location": "shop.py:7", "code": "self.pool = ..."}  # fmt: skip
    return Resource(**known | changed)


@pytest.mark.parametrize(
    ("has", "fix"),
    [
        ("ProcessPoolExecutor", "max_tasks_per_child"),
        ("Pool", "maxtasksperchild"),
        ("Popen", "start it anew now and then"),
    ],
)
def test_the_verdict_says_who_started_them_where_and_what_helps(has, fix) -> None:
    case = judge_of(explain=True)
    suspicion = next(filter(None, map(case.hear, crawl(lambda n: 20 + 6 * n))))
    found = started_by(suspicion, resource(has=has), bounding("python", has))
    verdict = case.conclude(suspicion, found)
    told = block(verdict, found)
    assert verdict.holder == "child process of item pipeline Extracting"
    assert verdict.signature == found.signature
    assert "owner     item pipeline Extracting, in self.pool" in told
    assert "started   shop.py:7  self.pool = ..." in told
    assert fix in told


def test_the_forecast_is_in_the_log() -> None:
    limits = {"container_limit": 1000 * MB}
    (verdict,) = hear(judge_of(), crawl(lambda n: 20 + 6 * n, **limits))
    assert "forecast  954 MB limit in about 22 min" in block(verdict, None)
