"""What survives a process that is killed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from scrapy_leakwatch.recycle.store import Store


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path)) as store:
        yield store


def test_what_is_committed_is_there_and_the_rest_is_not(tmp_path) -> None:
    store = Store(tmp_path)
    store.add("q", b"one")
    store.commit()
    store.add("q", b"two")
    store.note("n", 2)
    store.roll_back()
    store.close()
    with closing(Store(tmp_path)) as store:
        assert store.look("q", newest=True) == (1, b"one")
        assert store.noted("n", "none") == "none"


def test_a_request_that_is_taken_is_not_done(store) -> None:
    for data in (b"one", b"two", b"three"):
        store.add("q", data)
    number, data = store.look("q", newest=False)
    store.take(number)
    assert (data, store.waiting("q"), store.in_progress(), store.pending()) == (
        b"one", 2, 1, 3,
    )  # fmt: skip
    assert store.look("q", newest=False)[1] == b"two"
    store.done(number)
    assert store.pending() == 2


def test_all_are_taken_out_in_their_order_and_new_ones_stay(store) -> None:
    store.add("a", b"one")
    store.add("b", b"two")
    store.take(1)
    out = []
    for data in store.take_all():
        out.append(data)
        store.add("a", data + b" again")
    assert out == [b"one", b"two"]
    assert store.waiting("a") == store.pending() == 2


def test_what_start_gives_again_is_no_news_but_what_it_gives_twice_is(store) -> None:
    for _ in range(2):
        assert store.meet(b"page")
        store.give(b"page")
    store.begin()
    assert [store.meet(b"page") for _ in range(3)] == [False, False, True]
    assert store.meet(b"other")


def test_two_processes_can_not_work_on_one_job(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("scrapy_leakwatch.recycle.store.WAIT_S", 0.01)
    store = Store(tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()
