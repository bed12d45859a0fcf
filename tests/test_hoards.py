"""Containers that grow: which is a hoard, and which is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.records import ResourceCounts
from tests.judging import (
    MEMORY,
    container,
    explanation,
    growing,
    hear,
    holding,
    judge_of,
    sample,
    unexplained,
)


def rising(per_sample: int, count: int = 8, **fields) -> list:
    return [holding(n, container(per_sample * n, **fields)) for n in range(count)]


def priced(**fields):
    return explanation(holder="spider.seen", **{"victims": (), **fields})


def test_a_container_that_grows_is_a_hoard() -> None:
    (verdict,) = hear(judge_of(explain=True), rising(900), priced())
    assert (verdict.kind, verdict.subject) == ("hoard", "spider.seen")
    assert verdict.confidence == "high"
    assert verdict.message == (
        "spider.seen grows without bound: set of 4,500, +900 per 1,000 responses"
        " (900 → 1,800 → 2,700 → 3,600 → 4,500)"
    )


def test_a_container_nobody_could_look_into_is_a_hoard_of_lower_confidence() -> None:
    (verdict,) = hear(judge_of(explain=True), rising(900), unexplained("no fork"))
    assert verdict.confidence == "medium"
    assert verdict.caveat == "its price is not known: no fork"


def test_bounded_and_short_containers_are_not_accused() -> None:
    assert not hear(judge_of(), rising(900, bounded=True))
    assert not hear(judge_of(), rising(60))


@pytest.mark.parametrize("what", ["victims", "foreign"])
def test_a_container_of_what_is_judged_itself_is_no_hoard(what) -> None:
    found = priced(**{what: ("HtmlResponse",)})
    assert not hear(judge_of(explain=True), rising(900), found)


def test_a_container_that_holds_a_leak_is_told_once() -> None:
    pages = container(0, name="spider.pages")
    samples = [
        replace(each, containers=(replace(pages, len=900 * n),))
        for n, each in enumerate(growing(responses=900))
    ]
    told = hear(judge_of(explain=True), samples, explanation())
    assert [verdict.kind for verdict in told] == ["leak"]


def test_what_a_line_puts_there_is_told_once_by_whatever_name() -> None:
    line = "quotes/spiders.py:12"
    samples = [
        replace(
            each, containers=(container(900 * n, name="Recording.handler.records"),)
        )
        for n, each in enumerate(growing(responses=900))
    ]
    found = replace(
        explanation(holder="Recorder.records[*]", location=line), victims=()
    )
    told = hear(judge_of(explain=True), samples, found)
    assert [verdict.kind for verdict in told] == ["leak"]
    found = replace(found, likely=True)
    told = hear(judge_of(explain=True), samples, found)
    assert [verdict.kind for verdict in told] == ["leak", "hoard"]


@pytest.mark.parametrize(
    ("takes", "sockets", "kinds"),
    [
        (("sockets",), 900, ["unreleased"]),
        (("sockets",), 0, ["hoard"]),
        (("sockets",), 40, ["hoard", "unreleased"]),
        (("tasks",), 900, ["hoard", "unreleased"]),
        ((), 900, ["hoard", "unreleased"]),
    ],
    ids=["open", "closed", "most closed", "others", "no sockets"],
)
def test_a_container_of_sockets_that_are_open_is_told_once(
    takes, sockets, kinds
) -> None:
    samples = [
        replace(each, resources=ResourceCounts(sockets=5 + sockets * n))
        for n, each in enumerate(rising(900, 12))
    ]
    judge, told = judge_of(explain=True), {}
    for suspicion in filter(None, map(judge.hear, samples)):
        found = priced(takes=takes) if suspicion.kind == "hoard" else None
        verdict = judge.conclude(suspicion, found)
        told |= {verdict.kind: verdict} if verdict else {}
    assert list(told) == kinds


def test_a_container_of_tasks_waits_until_they_are_judged() -> None:
    uneven = [90, 70, 150, 120, 260, 190, 330, 250, 420, 380, 480, 440]
    samples = [
        replace(each, resources=ResourceCounts(tasks=10 * tasks))
        for tasks, each in zip(uneven, rising(400, 12), strict=True)
    ]
    assert not hear(judge_of(explain=True), samples, priced(takes=("tasks",)))
    told = hear(judge_of(explain=True), samples, priced())
    assert {each.kind for each in told} == {"hoard"}


def test_what_its_owner_empties_is_left_alone_until_it_is_far_too_long() -> None:
    assert not hear(judge_of(explain=True), rising(900), priced(emptied=True))
    (verdict,) = hear(judge_of(explain=True), rising(9000), priced(emptied=True))
    assert verdict.confidence == "medium"


@given(st.integers(300, 20_000))
def test_a_container_that_fills_up_is_not_accused(most) -> None:
    """Each new entry is one of so many, as likely as any: it slows down."""
    filled, samples = 0.0, []
    for number in range(30):
        samples.append(holding(number, container(int(filled))))
        filled += (most - filled) * 0.4
    assert not hear(judge_of(), samples)


def cached(per_sample: int, bytes_per_sample: int) -> list:
    return [
        replace(
            holding(n, container(per_sample * n, name="df.seen", origin="library")),
            memory=replace(MEMORY, rss=100_000_000 + n * bytes_per_sample),
        )
        for n in range(8)
    ]


def test_a_cache_of_the_framework_is_blamed_when_it_is_most_of_the_growth() -> None:
    price = priced(retained_bytes_each=100)
    small = cached(1000, 50_000_000)
    assert not hear(judge_of(explain=True), small, price)
    most = cached(200_000, 30_000_000)
    (verdict,) = hear(judge_of(explain=True), most, price)
    assert verdict.kind == "hoard"
    assert not hear(judge_of(explain=True), most, priced(retained_bytes_each=60))
    assert not hear(judge_of(explain=True), most, unexplained("no fork"))


def test_a_cache_of_the_framework_is_not_blamed_while_memory_stays() -> None:
    assert not hear(judge_of(explain=True), cached(200_000, 0), priced())


def test_containers_that_are_alike_are_one_hoard() -> None:
    samples = [
        holding(n, *(container(90 * n, name=f"spider.pages['{k}']") for k in "abcdefg"))
        for n in range(9)
    ]
    (verdict,) = hear(judge_of(explain=True), samples, priced())
    assert verdict.subject == "spider.pages[*]"
    assert verdict.count == 7 * 90 * 5


def test_a_leak_hides_the_container_that_holds_it_and_no_other() -> None:
    leak = explanation(holder="spider.seen_pages[*]")
    both = [
        replace(
            sample(n, responses=900 * n),
            containers=(
                container(900 * n),
                container(900 * n, name="spider.seen_pages"),
            ),
        )
        for n in range(12)
    ]
    verdicts = hear(judge_of(explain=True), both, leak)
    assert {each.subject for each in verdicts} == {"HtmlResponse", "spider.seen"}
