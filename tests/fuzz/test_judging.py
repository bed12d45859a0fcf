"""The judge of any crawl: it never fails, tells the same again, and leaves in peace."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.judge.growth import Point, growth, lows, weakest_step
from scrapy_leakwatch.judge.history import RSS
from scrapy_leakwatch.recordings import parsing, writing
from scrapy_leakwatch.report import block, log
from tests.fuzz.crawls import answers, bills, crawls, steady
from tests.fuzz.effort import fuzzed
from tests.judging import judge_of


def told(case, samples, found, billed):
    """Return all verdicts of a crawl, a bill beside each third sample."""
    verdicts = []
    for number, sample in enumerate(samples):
        suspicion = case.hear(sample)
        if suspicion is not None:
            answer = found["memory" if suspicion.judged_as == RSS else "objects"]
            verdicts.append((case.conclude(suspicion, answer), answer))
        verdicts += [(verdict, None) for verdict in case.withdraw()]
        if billed and number % 3 == 0:
            verdicts += case.hear_bill(billed[number // 3 % len(billed)])
        verdicts.append((case.rising(), None))
    for bill in billed[:1]:
        verdicts += case.hear_bill(bill, closing=True)
    verdicts.append((case.rising(closing=True), None))
    return [(verdict, found) for verdict, found in verdicts if verdict is not None]


@fuzzed(few=40)
@given(samples=crawls(), found=answers(), billed=st.lists(bills(), max_size=4))
def test_any_crawl_is_judged_and_told(samples, found, billed) -> None:
    case = judge_of(explain=True)
    verdicts = told(case, samples, found, billed)
    for verdict, _ in verdicts:
        line = writing.of_verdict(verdict, 0.0)
        read = parsing.verdict(json.loads(json.dumps(line, allow_nan=False)))
        assert (read.kind, read.message) == (verdict.kind, verdict.message)
        assert verdict.message.isprintable()
        assert block.block(verdict, None)
    for sample in samples:
        json.dumps(writing.of_sample(sample), allow_nan=False)
    log.status(samples[-1], case.verdicts)
    again = told(judge_of(explain=True), samples, found, billed)
    assert again == verdicts


@fuzzed(few=40)
@given(samples=crawls(), found=answers(), count=st.integers(1, 60))
def test_a_crawl_in_which_nothing_changes_is_never_told(samples, found, count) -> None:
    case = judge_of(explain=True)
    assert not told(case, steady(samples[-1], count), found, [])


points = st.lists(
    st.builds(
        Point,
        st.floats(-1e12, 1e12),
        st.integers(0, 10**12),
        st.integers(0, 10**15),
    ),
    max_size=40,
)


@fuzzed(few=200, share=2)
@given(points=points, steps=st.integers(1, 60), least=st.integers(0, 10**6))
def test_growth_is_asked_of_any_series(points, steps, least) -> None:
    found = growth(points, steps, least)
    assert growth(points, steps, least) == found
    if found is not None:
        assert found.floors[-1] > found.floors[0]
        weakest_step(points, steps)
    if len(points) > steps:
        assert len(lows(points, steps)) == steps + 1
