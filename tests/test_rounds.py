"""One timer for all crawls of a process, and what ends with its event loop."""

from __future__ import annotations

import asyncio
import errno
import os
from functools import partial

import pytest

from scrapy_leakwatch.crawl import inquiry, rounds
from scrapy_leakwatch.crawl.explainer import Explainer
from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.crawl.rounds import Rounds
from scrapy_leakwatch.explain import MemoryQuestion, Question
from scrapy_leakwatch.foundation.freezer import freezer
from tests.by_hand import ByHand


@pytest.fixture
def loop(monkeypatch):
    """The event loop that "runs", and one that was before."""
    made = asyncio.new_event_loop()
    monkeypatch.setattr(rounds, "create_looping_call", ByHand)
    monkeypatch.setattr(rounds, "event_loop", lambda: made)
    yield made
    made.close()
    assert not Rounds._all


def go_round(shared) -> None:
    """Let a round begin, and come to its end."""
    shared._timer.go()
    while shared._turns.running:
        shared._turns.go()


def test_the_loop_has_a_turn_between_two_samples(loop) -> None:
    seen: list[str] = []
    looks = [partial(seen.append, name) for name in ("one", "two", "three")]
    for look in looks:
        shared = Rounds.join(look, 5.0)
    del seen[:]
    shared._timer.go()
    assert seen == ["one"]
    shared._turns.go()
    assert seen == ["one", "two"]
    shared._turns.go()
    assert seen == ["one", "two", "three"]
    assert not shared._turns.running
    shared._timer.go()
    for look in looks:
        shared.leave(look)
    assert not shared._turns.running


def test_whom_a_busy_loop_did_not_reach_in_a_round_comes_first_in_the_next(
    loop,
) -> None:
    seen: list[str] = []
    looks = [partial(seen.append, name) for name in ("one", "two", "three")]
    for look in looks:
        shared = Rounds.join(look, 5.0)
    del seen[:]
    for _ in range(6):  # the interval is over after a single turn
        shared._timer.go()
    assert seen == ["one", "two", "three"] * 2
    for look in looks:
        shared.leave(look)


def test_crawls_side_by_side_share_a_timer(loop) -> None:
    seen: list[str] = []
    one, two = partial(seen.append, "one"), partial(seen.append, "two")
    first = Rounds.join(one, 5.0)
    assert seen == ["one"]
    assert Rounds.join(two, 5.0) is first
    slow = Rounds.join(two, 60.0)
    assert slow is not first
    del seen[:]
    go_round(first)
    assert seen == ["one", "two"]
    first.leave(one)
    first._timer.go()
    assert seen == ["one", "two", "two"]
    first.leave(two)
    first.leave(two)
    assert not first._timer.running
    assert slow._timer.running
    slow.leave(two)


def test_who_leaves_in_a_round_is_not_looked_at_in_it(loop) -> None:
    seen: list[str] = []
    other = partial(seen.append, "other")

    def closes() -> None:
        seen.append("closes")
        if len(seen) > 4:
            shared.leave(other)

    shared = Rounds.join(closes, 5.0)
    Rounds.join(other, 5.0)
    go_round(shared)
    go_round(shared)
    assert seen == ["closes", "other", "closes", "other", "closes"]
    shared.leave(closes)


def test_a_loop_that_was_given_up_stops_nobody_else(loop, monkeypatch) -> None:
    Rounds.join(list, 5.0)
    loop.close()
    later = asyncio.new_event_loop()
    monkeypatch.setattr(rounds, "event_loop", lambda: later)
    joined = Rounds.join(list, 5.0)
    assert Rounds._all == [joined]
    joined.leave(list)
    later.close()


def test_who_gets_no_child_is_told_why(monkeypatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    explainer = Explainer(None, 30.0, list, list, Guard("ask", None))
    told: list[object] = []
    explainer.ask(Question("Nothing", "shop.Nothing", "shop", 120), told.append)
    assert [found.reason for found in told] == [
        "fork refused: Resource temporarily unavailable"
    ]
    assert not explainer.busy


def test_a_question_whose_loop_is_over_keeps_nobody_from_asking(monkeypatch) -> None:
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(inquiry, "create_looping_call", ByHand)
    monkeypatch.setattr(inquiry, "event_loop", lambda: loop)
    one, other = [
        Explainer(None, 30.0, list, list, Guard("ask", None)) for _ in range(2)
    ]
    told: list[object] = []
    one.ask(MemoryQuestion(), told.append)
    assert other.busy
    loop.close()
    assert other.free() is None
    assert not other.busy
    assert not freezer.frozen
    assert told == []
