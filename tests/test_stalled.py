"""Crawls of which something never ends, and some that are only slow."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from scrapy import version_info

from tests.conftest import (
    MODES,
    QUICK_MODES,
    SELECT,
    recorded,
    start_crawl,
)

PATIENCE_S = 120
PRELUDE = "import gc, stalling; gc.disable(); vars(spiders).update(vars(stalling))"
"""A Deferred that nobody keeps is to be there as long as the test takes."""
SOURCE = Path(__file__).with_name("stalling.py")


def line_of(mark: str) -> str:
    """Return the ``file:line`` that a comment in the source names."""
    found = SOURCE.read_text().splitlines()
    number = next(n for n, line in enumerate(found, 1) if line.endswith(f": {mark}"))
    return f"stalling.py:{number}"


def watched(
    shop, tmp_path, name, *, until="stalled", samples=0, prelude="", **settings
):
    """Return what a crawl recorded until a verdict was told, or so many samples."""
    record = tmp_path / "record.jsonl"
    settings = {"LOG_FILE": str(tmp_path / "log"), **settings}
    process = start_crawl(
        shop,
        tmp_path,
        name,
        prelude=PRELUDE + prelude,
        LEAKWATCH_RECORD=str(record),
        **settings,
    )
    ends, lines = time.monotonic() + PATIENCE_S, []
    try:
        while time.monotonic() < ends and process.poll() is None:
            time.sleep(0.1)
            with suppress(FileNotFoundError, ValueError):
                lines = recorded(record)
            told = [line["kind"] for line in lines if line["type"] == "verdict"]
            seen = sum(line["type"] == "sample" for line in lines)
            explained = lines and lines[-1]["type"] != "verdict"
            if (until in told and explained) or (samples and seen >= samples):
                break
    finally:
        process.kill()
        process.communicate()
    assert lines, (tmp_path / "log").read_text()
    return lines


def told(lines) -> list:
    return [line for line in lines if line["type"] == "verdict"]


def found(lines) -> dict:
    return [line for line in lines if line["type"] == "explanation"][-1]


def is_at(explanation: dict, function: str, mark: str) -> bool:
    place = explanation["location"] or ""
    return explanation["holder"] == function and place.endswith(line_of(mark))


PIPELINE = {"ITEM_PIPELINES": {"stalling.KeepsUnfired": 1}}
UNFIRED = {"ITEM_PIPELINES": {"stalling.NeverFires": 1}}
CLOSING = {"ITEM_PIPELINES": {"stalling.ClosesNever": 1}}
OPENING = {"EXTENSIONS": {"stalling.OpensNever": 1, "scrapy_leakwatch.LeakWatch": 500}}
CHAINED = "chains Deferreds there, which tell nothing of whom they wait for"
OPENS_CHAINED = pytest.mark.skipif(version_info < (2, 13), reason=CHAINED)
ALL_CHAINED = pytest.mark.skipif(version_info < (2, 14), reason=CHAINED)
WAITING = [
    ("AwaitsNobody", "AwaitsNobody.answer", "future", {}),
    ("KeepsThem", "KeepsThem.parse", "kept", {}),
    ("Locks", "Locks.parse", "lock", {}),
    ("Inline", "Inline.older", "inline", {}),
    ("Stores", "NeverFires.process_item", "pipeline", UNFIRED),
    ("Stores", "KeepsUnfired.process_item", "kept by pipeline", PIPELINE),
    pytest.param(
        ("Stores", "OpensNever.spider_opened", "opening", OPENING), marks=OPENS_CHAINED
    ),
    pytest.param(
        ("Stores", "ClosesNever.close_spider", "closing", CLOSING), marks=ALL_CHAINED
    ),
]


@pytest.mark.parametrize("mode", QUICK_MODES)
@pytest.mark.parametrize("row", WAITING, ids=lambda row: row[2])
def test_a_crawl_that_stands_still_is_told_with_who_waits(
    shop, tmp_path, mode, row
) -> None:
    name, function, mark, settings = row
    lines = watched(shop, tmp_path, name, **mode, **settings)
    (verdict,) = told(lines)
    assert (verdict["kind"], verdict["confidence"]) == ("stalled", "high")
    assert is_at(found(lines), function, mark)
    samples = [line for line in lines if line["type"] == "sample"]
    before = [line for line in samples if line["time"] < verdict["time"]]
    still = [line for line in before if line["progress"]["still_samples"]]
    assert len(still) >= 10


@pytest.mark.parametrize("mode", [MODES[0], MODES[2]])
def test_a_lock_of_asyncios_is_named(shop, tmp_path, mode) -> None:
    lines = watched(shop, tmp_path, "AsyncioLocks", **mode)
    explanation = found(lines)
    assert is_at(explanation, "AsyncioLocks.parse", "asyncio lock")
    assert explanation["owner"] == "spider.lock"
    assert "finally" in explanation["fix"]
    assert told(lines)[0]["message"].endswith("waits for spider.lock")


def test_a_lock_of_twisteds_is_named(shop, tmp_path) -> None:
    explanation = found(watched(shop, tmp_path, "Locks", **SELECT))
    assert explanation["owner"] == "spider.lock"


@ALL_CHAINED
def test_the_line_that_made_a_deferred_is_named_where_twisted_knows(
    shop, tmp_path
) -> None:
    debug = "; from twisted.internet import defer; defer.setDebugging(True)"
    lines = watched(shop, tmp_path, "Stores", prelude=debug, **UNFIRED)
    number = int(line_of("pipeline").rpartition(":")[2]) + 1
    assert found(lines)["location"].endswith(f"stalling.py:{number}")


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_callbacks_that_never_end_are_told_though_others_do(
    shop, tmp_path, mode
) -> None:
    lines = watched(shop, tmp_path, "SomeHang", **mode)
    (verdict,) = told(lines)
    assert verdict["message"].startswith("callbacks do not end: ")
    assert is_at(found(lines), "SomeHang.parse", "some")


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_crawl_that_goes_on_is_told_to_have_recovered(shop, tmp_path, mode) -> None:
    lines = watched(shop, tmp_path, "GoesOn", until="recovered", **mode)
    assert [line["kind"] for line in told(lines)][:2] == ["stalled", "recovered"]


@pytest.mark.parametrize("mode", QUICK_MODES)
@pytest.mark.parametrize(
    "name",
    ["Slow", "Paused", "WaitsForWork", "Polls", "InThreads", "Listens", "IdlesOn"],
)
def test_what_only_takes_long_is_no_stall(shop, tmp_path, mode, name) -> None:
    lines = watched(shop, tmp_path, name, samples=45, **mode)
    assert told(lines) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"DOWNLOAD_DELAY": 60},
        {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 60},
    ],
    ids=["delay", "autothrottle"],
)
def test_long_delays_are_no_stall(shop, tmp_path, settings) -> None:
    assert told(watched(shop, tmp_path, "Quick", samples=40, **settings)) == []
