"""A collector that never makes a full round: the child alone tells who is dead."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace

import pytest

from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.observe.full_collections import FullCollections
from tests import increments
from tests.judging import explanation, judge_of, sample, unexplained

INCREMENTS = """
import sys
sys.path.insert(0, {root!r})
from tests import increments
from tests.judging import explanation, judge_of, sample, unexplained
increments.install()
""".format(root=str(increments.__file__).rpartition("/tests/")[0])
FLIGHT, EACH, ONE_IN = 16, 500, 50
"""Responses in flight, those that come between two counts, and what leaks of them."""
HEALTHY = (
    1, 501, 1001, 1501, 2001, 2501, 377, 877, 101, 601, 145, 307, 807, 1307, 1807,
    2307, 217, 717, 1217, 479, 387, 321, 507, 1007, 1507, 2007, 2507, 455, 955, 1455,
    755, 375, 330, 621, 1121, 1621, 2121, 2621, 569, 1069, 369, 869, 489, 354, 725,
    1225, 1725, 2225, 2725, 673, 1173, 473, 381, 457, 329, 829, 1329, 1829, 2329,
    2829,
)  # fmt: skip
LEAKING = (
    1, 501, 1001, 1501, 2001, 2501, 430, 930, 179, 679, 243, 449, 949, 1449, 1949,
    2449, 373, 873, 1373, 660, 580, 524, 756, 1256, 1756, 2256, 2756, 643, 1143, 1643,
    929, 641, 614, 981, 1481, 1981, 2481, 2981, 831, 1331, 1831, 1118, 831, 730, 1157,
    1657, 2157, 2657, 3157, 933, 1433, 1933, 1257, 969, 816, 1316, 1816, 2316, 2816,
    3316,
)  # fmt: skip
"""Live responses that were counted on Python 3.14.2; all but a few are dead cycles."""
SAID = "makes no full collections by itself"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 13, 9), False),
        ((3, 14, 0), True),
        ((3, 14, 4), True),
        ((3, 14, 5), False),
        ((3, 15, 0), False),
    ],
)
def test_five_pythons_collect_in_increments(monkeypatch, version, expected) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, "final", 0))
    assert collector.in_increments() is expected


def test_an_increment_shows_no_floor(monkeypatch) -> None:
    monkeypatch.setattr(
        "scrapy_leakwatch.observe.full_collections.gc", increments.stand_in()
    )
    seen = FullCollections(lambda: "a floor")
    seen.start()
    try:
        gc.collect()
    finally:
        seen.stop()
    assert seen.drain() == ()


def test_a_leak_is_told_and_who_holds_it(crawl) -> None:
    result = crawl("Leaking", prelude=INCREMENTS, LEAKWATCH_BILL=False)
    assert sum(SAID in line for line in result.lines("INFO")) == 1
    leak = result.lines("WARNING")[0]
    assert "HtmlResponse is leaking: " in leak
    assert "in samples)" in leak
    assert "held by   Request.meta['referer']" in result.log
    assert set(result.left.values()) == {0}


def test_the_dead_of_a_healthy_crawl_are_not_accused(crawl) -> None:
    # Only the collector frees its responses, and it comes to them late.
    late = "\nimport gc\ngc.set_threshold(700, 10, 1000)\n"
    result = crawl("Healthy", prelude=INCREMENTS + late, LEAKWATCH_MIN_OBJECTS=30)
    assert result.lines("WARNING") == []
    assert result.stats["leakwatch/verdict"] in {"healthy", "garbage"}


def test_nothing_is_said_of_a_usual_collector(crawl) -> None:
    assert SAID not in crawl("Healthy").log


@pytest.mark.parametrize(
    ("live", "kinds"),
    [(HEALTHY, []), (LEAKING, ["leak"])],
    ids=["healthy", "leaking"],
)
def test_among_thousands_of_dead_a_child_tells_who_is_alive(live, kinds) -> None:
    case, told, asked = judge_of(explain=True), [], 0
    for number, count in enumerate(live):
        kept = number * EACH // ONE_IN if kinds else 0
        counted = sample(number, floors=False, responses=max(count - FLIGHT, 0))
        counted = replace(counted, received=number * EACH, collector="increments")
        if suspicion := case.hear(counted):
            asked += 1
            dead = count - kept - FLIGHT
            found = explanation(examined=count, garbage=dead, in_flight=FLIGHT)
            if not kept:
                looked = {"examined": count, "garbage": dead, "in_flight": FLIGHT}
                found = unexplained("garbage", **looked)
            told += filter(None, [case.conclude(suspicion, found)])
    assert 0 < asked <= 2 + len(live).bit_length()  # again after twice as many
    assert [verdict.kind for verdict in told] == kinds
