"""The short form of ``make soak``, and the test that tells what is flat."""

from __future__ import annotations

import random

import pytest

from tests.soak import MEASURES, Measure, Soak, is_flat, parts

SECONDS = 14
MOST_CHILDREN = 2
"""At a time: one that explains, one that takes a bill."""
MOST_OWN_OBJECTS = 5_000
MOST_BYTES_A_SAMPLE = 5_000
MOST_BYTES_BESIDES = 500_000


def thirds(points: list[tuple[float, float]]) -> list[list[float]]:
    values, third = [value for _, value in points], len(points) // 3
    return [values[:third], values[third : 2 * third], values[2 * third :]]


@pytest.mark.slow
def test_a_crawl_that_soaks_takes_no_more_and_no_more_of_anything(tmp_path) -> None:
    soak = Soak(tmp_path, SECONDS, breath_s=5)
    soak.run()
    assert all(soak.seen.values())
    for name in ("descriptors", "threads"):
        first, _, last = thirds(soak.seen[name])
        assert min(last) <= max(first), name
    assert max(value for _, value in soak.seen["children"]) <= MOST_CHILDREN
    assert soak.seen["own_objects"][-1][1] <= MOST_OWN_OBJECTS
    size, samples = soak.recording.stat().st_size, len(soak.seen["cost"])
    assert size <= MOST_BYTES_BESIDES + MOST_BYTES_A_SAMPLE * samples
    assert not any(soak.outcome["left"].values())
    assert "Traceback" not in soak.log.read_text()


def series(value, count=600):
    return [(float(second), value(second)) for second in range(count)]


CHANCE = random.Random(1)
FLAT = {
    "constant": lambda _: 7.0,
    "noise": lambda _: 7.0 + CHANCE.gauss(0, 3),
    "breath": lambda second: 7.0 + 5 * (second % 60 < 30),
    "child now and then": lambda second: float(second % 60 < 15),
    "warm-up": lambda second: min(second / 10, 7.0),
    "busy for a while": lambda second: 7.0 + 20 * (400 < second < 500),
}
GROWING = {
    "line": lambda second: second / 300,
    "line under noise": lambda second: second / 100 + CHANCE.gauss(0, 1),
    "line under breath": lambda second: second / 60 + 5 * (second % 60 < 30),
    "stairs": lambda second: float(second // 60),
}


@pytest.mark.parametrize("shape", FLAT)
def test_what_comes_and_goes_is_flat(shape) -> None:
    assert is_flat(Measure(shape, "", 0.9), series(FLAT[shape]))[0]


@pytest.mark.parametrize("shape", GROWING)
def test_what_keeps_growing_is_not(shape) -> None:
    assert not is_flat(Measure(shape, "", 0.9), series(GROWING[shape]))[0]


def test_of_what_adds_up_it_is_the_rate_that_must_not_grow() -> None:
    lines = Measure("log", "", 3, 0.1, flow=True)
    assert is_flat(lines, series(lambda second: 2.0 * second))[0]
    assert not is_flat(lines, series(lambda second: second**2 / 100))[0]


def test_a_part_has_a_whole_breath_where_there_is_time() -> None:
    assert len(parts(series(float, 600))) == 8
    assert len(parts(series(float, 3600))) == 24


def test_each_measure_is_seen_by_its_name() -> None:
    assert len({each.name for each in MEASURES}) == len(MEASURES) == 9
