"""The one question of a process, and who waits for it."""

from __future__ import annotations

import asyncio

import pytest
from twisted.internet.defer import ensureDeferred

from scrapy_leakwatch.crawl import inquiry
from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.crawl.inquiry import Inquiry
from tests.by_hand import ByHand


class Asked:
    """A child that answers when a test says so, and knows whether it was ended."""

    answer: str | None = None
    ended = False

    def poll(self) -> str | None:
        return self.answer

    def stop(self) -> str:
        return "stopped"

    def end(self) -> None:
        self.ended = True


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """The time that passes for those who wait."""
    loop, clock = asyncio.new_event_loop(), Clock()
    monkeypatch.setattr(inquiry, "create_looping_call", ByHand)
    monkeypatch.setattr(inquiry, "event_loop", lambda: loop)
    monkeypatch.setattr(inquiry, "maybe_deferred_to_future", lambda deferred: deferred)
    monkeypatch.setattr(inquiry, "time", clock)
    yield clock
    loop.close()
    assert Inquiry.under_way() is None


def ask() -> tuple[Asked, Inquiry[str], list[str | None]]:
    asked, told = Asked(), []
    return asked, Inquiry(asked, told.append, Guard("ask", None)), told


def test_where_nobody_asks_it_is_the_next_ones_turn_at_once(clock) -> None:
    assert ensureDeferred(Inquiry.turn(5)).result is True


def test_who_waits_has_a_turn_once_the_other_is_answered(clock) -> None:
    asked, other, told = ask()
    turn = ensureDeferred(Inquiry.turn(5))
    other._timer.go()
    assert not turn.called
    asked.answer = "a queue"
    other._timer.go()
    assert turn.result is True
    assert told == ["a queue"]


def test_who_has_waited_for_long_enough_goes_on_and_stops_nobody(clock) -> None:
    asked, other, told = ask()
    turn = ensureDeferred(Inquiry.turn(5))
    clock.now = 6.0
    other._timer.go()
    assert turn.result is False
    assert (told, asked.ended) == ([], False)
    asked.answer = "a queue"
    other._timer.go()
    assert told == ["a queue"]


def test_of_two_who_wait_the_second_waits_for_the_first_too(clock) -> None:
    asked, other, _ = ask()
    later: list[tuple[Asked, Inquiry[str], list[str | None]]] = []

    async def asks() -> None:
        await Inquiry.turn(5)
        later.append(ask())

    first, second = ensureDeferred(asks()), ensureDeferred(Inquiry.turn(5))
    asked.answer = "a queue"
    other._timer.go()
    assert first.called
    assert not second.called
    ((asked, another, _),) = later
    asked.answer = "a list"
    another._timer.go()
    assert second.result is True


def test_the_own_question_is_given_up_where_its_answer_comes_too_late(clock) -> None:
    asked, own, told = ask()
    waits = own.settled(5)
    clock.now = 6.0
    own._timer.go()
    assert waits.called
    assert (told, asked.ended) == (["stopped"], True)
