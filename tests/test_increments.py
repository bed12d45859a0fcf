"""A collector that never makes a full round: the child alone tells who is dead."""

from __future__ import annotations

import gc
import sys

import pytest

from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.observe.full_collections import FullCollections
from tests import increments

INCREMENTS = """
import sys
sys.path.insert(0, {root!r})
from tests import increments
increments.install()
""".format(root=str(increments.__file__).rpartition("/tests/")[0])
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
