"""A stage that fails is tried again, and the log hears of it twice, not each time."""

from __future__ import annotations

import asyncio
import errno
import logging
import os

import pytest

from scrapy_leakwatch.crawl import guard
from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.recordings.writing import RecordingError


class Stage:
    """A guarded function that fails while it is ``broken``, and a clock by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.broken = True
        self.calls = 0
        self.guard = Guard("look", None, lambda: self.now)

    def work(self) -> str:
        self.calls += 1
        if self.broken:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return "seen"

    def go(self, seconds: int) -> list[str | None]:
        """Call it each second."""
        said = []
        for _ in range(seconds):
            said.append(self.guard(self.work))
            self.now += 1
        return said


@pytest.fixture
def stage(caplog) -> Stage:
    caplog.set_level(logging.INFO, "scrapy_leakwatch")
    return Stage()


def test_what_failed_is_tried_again_ever_more_seldom(stage) -> None:
    stage.go(1 + 2 + 4 + 7)
    assert stage.calls == 4
    assert stage.guard.off
    assert stage.guard.reason == "OSError: Too many open files"


def test_the_log_hears_when_it_begins_and_when_it_works_again(stage, caplog) -> None:
    stage.go(5)
    stage.broken = False
    assert stage.go(20)[-1] == "seen"
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "LeakWatch can't look and does without for now" in caplog.text
    assert "LeakWatch can look again" in caplog.text
    assert stage.guard.reason == ""


def test_what_fails_again_and_again_is_given_up(stage, caplog) -> None:
    stage.go(5000)
    assert stage.calls == guard.MOST
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    text = "LeakWatch gives up to look after 12 errors: OSError: Too many open files"
    assert text in caplog.text
    stage.broken = False
    stage.guard.hurry()
    assert set(stage.go(5000)) == {None}


def test_what_comes_and_goes_is_told_ever_more_seldom(stage, caplog) -> None:
    for _ in range(100):
        stage.broken = True
        stage.go(1)
        stage.broken = False
        stage.go(9)
    assert len(caplog.records) == 2 * 7  # 1, 2, 4 ... 64


def test_a_function_that_works_does_not_vouch_for_another(stage, caplog) -> None:
    for _ in range(100):
        assert stage.guard(str) in {"", None}
        stage.go(1)
        stage.now += 9
    assert stage.guard.off
    assert len(caplog.records) == 1


def test_a_poll_that_has_nothing_yet_is_no_sign_that_it_works(stage, caplog) -> None:
    assert stage.guard.poll(stage.work) is None
    stage.broken, stage.now = False, 1.0
    for answer in (None, "seen"):
        stage.work = lambda answer=answer: answer
        stage.work.__qualname__ = "Stage.work"
        assert stage.guard.poll(stage.work) == answer
        healed = [each for each in caplog.messages if each.endswith("again")]
        assert bool(healed) == (answer is not None)


def test_at_the_end_it_is_tried_once_more(stage) -> None:
    stage.go(5)
    stage.broken = False
    stage.guard.hurry()
    assert stage.go(1) == ["seen"]


def test_a_recording_that_can_not_be_written_is_given_up_at_once(stage, caplog) -> None:
    def write() -> None:
        raise RecordingError("LEAKWATCH_RECORD: the disk is full")

    stage.guard(write)
    stage.now += 10_000
    assert stage.guard.off
    assert caplog.messages == ["LEAKWATCH_RECORD: the disk is full"]


def test_what_is_waited_for_may_fail_too(stage) -> None:
    async def fail() -> None:
        raise RuntimeError

    assert asyncio.run(stage.guard.waiting(fail())) is None
    assert stage.guard.reason == "RuntimeError"


def test_a_log_handler_that_raises_does_not_reach_us(stage) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise KeyError("the project's own")

    broken = Broken()
    guard.logger.addHandler(broken)
    try:
        assert stage.go(1) == [None]
        guard.log(logging.INFO, "told")
    finally:
        guard.logger.removeHandler(broken)
