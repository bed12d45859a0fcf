"""Long series of a recording in a bounded space."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.recordings import (
    thinning,
)

VALUES = st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=300)


@given(VALUES, st.sampled_from([4, 8, 20, 64]))
def test_a_thinned_series_has_the_extremes_in_a_bounded_space(values, points) -> None:
    thinner = thinning.Thinner(points)
    for time, value in enumerate(values):
        thinner.add(time, {} if value is None else {("", "a"): value})
    times, series = thinner.times(), thinner.series("").get("a", (None,))
    known = [value for value in values if value is not None]
    drawn = [value for value in series if value is not None]
    assert len(times) <= points
    assert list(times) == sorted(times)
    assert (times[0], times[-1]) == (0, len(values) - 1)
    assert (min(drawn, default=0), max(drawn, default=0)) == (
        min(known, default=0),
        max(known, default=0),
    )
    if known:
        assert len(series) == len(times)
    if len(values) <= points and known:
        assert list(series) == values


@given(st.lists(st.integers(0, 1000), min_size=200, max_size=400))
def test_a_thinned_counter_still_only_rises(steps) -> None:
    thinner = thinning.Thinner(20)
    for time, value in enumerate(sorted(steps)):
        thinner.add(time, {("", "a"): value})
    series = thinner.series("")["a"]
    assert list(series) == sorted(series)


@given(st.integers(0, 300), st.integers(2, 20))
def test_of_records_without_number_the_first_the_last_and_some_are_kept(
    number, most
) -> None:
    keeper = thinning.Evenly(most)
    for record in range(number):
        keeper.add(record)
    kept = keeper.records()
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    if number < most:
        assert kept == list(range(number))
    else:
        assert (kept[0], kept[-1]) == (0, number - 1)
        assert len(kept) >= most // 2
        steps = {after - before for before, after in pairwise(kept[:-1])}
        assert len(steps) <= 1


def test_of_very_many_names_the_largest_are_kept(monkeypatch) -> None:
    monkeypatch.setattr(thinning, "MOST_NAMES", 3)
    thinner = thinning.Thinner(8)
    for time in range(40):
        thinner.add(time, {("live", f"Class{number}"): number for number in range(10)})
    assert list(thinner.series("live")) == ["Class7", "Class8", "Class9"]
