"""The time of what is seen goes on, whatever is done to the system's clock."""

from __future__ import annotations

import math
import time

import pytest

from scrapy_leakwatch.foundation import clock


@pytest.mark.parametrize("told", [0.0, 1e12, math.nan])
def test_a_clock_that_is_set_changes_no_time(monkeypatch, told) -> None:
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: told)
    assert before <= clock.now() < before + 60


def test_the_time_is_that_of_the_system_where_nobody_set_it() -> None:
    assert clock.now() == pytest.approx(time.time(), abs=60)


def test_a_system_without_a_clock_for_sleep_has_a_steady_one(monkeypatch) -> None:
    monkeypatch.setattr(clock, "_WITH_SLEEP", None)
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    assert clock._steady() == 7.0
