"""What of a process's memory is for another crawl to tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scrapy_leakwatch.judge.beside import Beside
from tests.judging import judge_of
from tests.test_bills_judged import LAYERS, MB, bill, heard, owner, resident


@pytest.fixture
def join():
    """Return a function that returns one of so many crawls that are open."""
    joined = []

    def one_of(crawls: int) -> Beside:
        joined.append(Beside.join(lambda: crawls))
        return joined[-1]

    yield one_of
    for each in joined:
        each.end()
    Beside._last_end = 0.0


def others(size: int, kind="crawl"):
    return owner(size, kind=kind, name="another crawl's Up", origin="library")


def grown(beside: Beside, *last, size=80):
    """Return the judge of a crawl whose process grew so, and whose bills say how."""
    judge = judge_of(beside=beside)
    for number in range(5):
        judge.hear(resident(number, 100 * MB))
    judge.hear(resident(18, (100 + size) * MB))
    for number in range(3):
        told = judge.hear_bill(bill(number, (100 + number * size // 2) * MB))
        assert told == []
    if last:
        assert judge.hear_bill(bill(3, (100 + size) * MB, *last)) == []
    return judge


def test_what_a_bill_shows_with_another_crawl_is_not_told(join) -> None:
    beside, _ = join(2), join(2)
    judge = grown(beside, others(60 * MB))
    assert judge.rising() is None
    assert judge.rising(closing=True) is None


def test_what_came_after_the_last_bill_is_told(join) -> None:
    beside, _ = join(2), join(2)
    judge = grown(beside, others(60 * MB))
    judge.hear(resident(30, 215 * MB))
    assert judge.rising() is None
    judge.hear(resident(40, 260 * MB))
    assert judge.rising() is not None


@pytest.mark.parametrize(
    ("held", "crawls"),
    [((), 2), ((others(30 * MB),), 2), ((others(60 * MB),), 3)],
    ids=["nobody's", "less than half", "of one that is not watched"],
)
def test_what_is_not_the_others_is_told(join, held, crawls) -> None:
    beside, _ = join(crawls), join(crawls)
    verdict = grown(beside, *held).rising()
    assert verdict is not None
    assert verdict.kind == "inconclusive"


def test_it_is_withdrawn_where_a_later_bill_shows_whose_it_is(join) -> None:
    beside, _ = join(2), join(2)
    judge = grown(beside)
    told = judge.rising()
    [(verdict, _)] = judge.hear_bill(bill(4, 180 * MB, others(60 * MB)))
    assert (verdict.kind, verdict.withdraws) == ("recovered", told.id)
    assert "is that of other crawls beside it" in verdict.message


@pytest.mark.parametrize("has_ended", [True, False])
def test_what_one_that_ended_left_dead_or_free_is_not_told(join, has_ended) -> None:
    beside, other = join(1), join(1)
    free = replace(LAYERS, malloc_free=31 * MB)
    other.heard(resident(2, 100 * MB), 0.0)
    if has_ended:
        other.end()
    judge = grown(beside)
    dead = others(30 * MB, "garbage")
    judge.hear_bill(replace(bill(3, 180 * MB, dead), layers=free))
    assert (judge.rising() is None) == has_ended


@pytest.mark.parametrize(("per_min", "is_told"), [(60, False), (30, True)])
def test_without_bills_it_is_compared_with_what_the_others_were_told(
    join, per_min, is_told
) -> None:
    beside, other = join(2), join(2)
    for number in (0, 9):
        other.heard(resident(number, 100 * MB), per_min * MB)
    judge = judge_of(beside=beside)
    for number in range(5):
        judge.hear(resident(number, 100 * MB))
    judge.hear(resident(9, 180 * MB))
    assert (judge.rising(closing=True) is not None) == is_told


def test_what_others_were_told_is_none_of_its_memory_outside_python(join) -> None:
    beside, other = join(2), join(2)
    assert beside.per_min == 0
    other.heard(resident(1, 100 * MB), 5 * MB)
    assert (beside.per_min, other.per_min) == (5 * MB, 0)
    other.end()
    assert beside.per_min == 0


def test_what_a_crawl_was_told_is_heard_by_the_others() -> None:
    judge, _ = heard(0, 20 * MB, 40 * MB)
    beside = Beside.join(lambda: 2)
    judge._beside, listening = beside, Beside.join(lambda: 2)
    judge.hear(resident(20, 140 * MB))
    assert listening.per_min == pytest.approx(judge.verdicts[0].growth.per_min)
    judge.end()
    assert listening.per_min == 0
    listening.end()
