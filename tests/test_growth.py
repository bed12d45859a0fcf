from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.judge.growth import Point, growth, weakest_step

STEPS = 4
LEAST = 100


def series(*held: int, responses: int = 100, start: float = 0.0) -> list[Point]:
    return [
        Point(start + 10.0 * index, responses * index, count)
        for index, count in enumerate(held)
    ]


def rising(points: int, by: int) -> list[Point]:
    return series(*range(0, points * by, by))


def test_a_steady_leak_grows_at_its_rate() -> None:
    found = growth(rising(12, by=100), STEPS, LEAST)
    assert found is not None
    assert found.per_1000_responses == pytest.approx(1000)
    assert found.per_min == pytest.approx(600)
    assert list(found.floors) == sorted(found.floors)


@pytest.mark.parametrize(
    "held",
    [
        pytest.param([0, 500, 500, 500, 500, 500, 500, 500], id="a burst at the start"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 0, 0, 900], id="one jump"),
        pytest.param([0, 100, 200, 300, 300, 300, 300, 300], id="a cache that is full"),
        pytest.param([0, 200, 10, 190, 20, 180, 15, 200, 10], id="a sawtooth"),
        pytest.param([900, 800, 700, 600, 500, 400, 300, 200], id="falling"),
        pytest.param([0, 4, 8, 12, 16, 20, 24, 28, 32], id="too few to matter"),
        pytest.param([0, 100, 200, 300], id="too short to tell"),
    ],
)
def test_what_does_not_keep_growing_does_not_grow(held) -> None:
    assert growth(series(*held), STEPS, LEAST) is None


def test_a_leak_that_starts_late_is_found() -> None:
    held = [5] * 40 + [5 + 50 * step for step in range(1, 12)]
    assert growth(series(*held), STEPS, LEAST) is not None


def test_growth_without_responses_is_not_the_crawls() -> None:
    points = [Point(10.0 * index, 700, 100 * index) for index in range(12)]
    assert growth(points, STEPS, LEAST) is None


counts = st.lists(st.integers(0, 10_000), min_size=6, max_size=60)


@given(st.integers(0, 10_000), st.integers(6, 60))
def test_a_constant_series_never_grows(held, length) -> None:
    assert growth(series(*[held] * length), STEPS, LEAST) is None


@given(counts, st.floats(-1e9, 1e9))
def test_shifting_time_changes_nothing(held, start) -> None:
    here, there = series(*held), series(*held, start=start)
    assert weakest_step(here, STEPS) == weakest_step(there, STEPS)
    assert bool(growth(here, STEPS, LEAST)) is bool(growth(there, STEPS, LEAST))


@given(counts, st.integers(0, 500))
def test_adding_a_rising_line_never_weakens_the_evidence(held, slope) -> None:
    plain = series(*held)
    steeper = [
        point._replace(held=point.held + slope * index)
        for index, point in enumerate(plain)
    ]
    assert weakest_step(steeper, STEPS) >= weakest_step(plain, STEPS)
    if growth(plain, STEPS, LEAST):
        assert growth(steeper, STEPS, LEAST)


@given(st.lists(st.integers(0, 300), min_size=6, max_size=200), st.integers(301, 5000))
def test_noise_within_the_least_count_is_never_growth(noise, least) -> None:
    assert growth(series(*noise), STEPS, least) is None
