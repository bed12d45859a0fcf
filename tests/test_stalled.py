"""Crawls of which something never ends, and some that are only slow."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ASYNCIO, MODES, SELECT, recorded, start_crawl

PATIENCE_S = 30
PRELUDE = "import stalling; vars(spiders).update(vars(stalling))"
SOURCE = Path(__file__).with_name("stalling.py")


def line_of(mark: str) -> str:
    """Return the ``file:line`` that a comment in the source names."""
    found = SOURCE.read_text().splitlines()
    number = next(n for n, line in enumerate(found, 1) if line.endswith(f": {mark}"))
    return f"stalling.py:{number}"


def watched(shop, tmp_path, name, *, until="stalled", samples=0, **settings):
    """Return what a crawl recorded until a verdict was told, or so many samples."""
    record = tmp_path / "record.jsonl"
    settings = {"LOG_FILE": str(tmp_path / "log"), **settings}
    process = start_crawl(
        shop, tmp_path, name, prelude=PRELUDE, LEAKWATCH_RECORD=str(record), **settings
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("name", "function", "mark", "settings"),
    [
        ("KeepsThem", "KeepsThem.parse", "kept", {}),
        ("Locks", "Locks.parse", "lock", {}),
        (
            "Stores",
            "KeepsUnfired.process_item",
            "kept by pipeline",
            {"ITEM_PIPELINES": {"stalling.KeepsUnfired": 1}},
        ),
    ],
)
def test_a_crawl_that_stands_still_is_told_with_who_waits(
    shop, tmp_path, mode, name, function, mark, settings
) -> None:
    lines = watched(shop, tmp_path, name, **mode, **settings)
    (verdict,) = told(lines)
    assert verdict["kind"] == "stalled"
    assert verdict["confidence"] == "high"
    explanation = found(lines)
    assert explanation["holder"] == function
    assert explanation["location"].endswith(line_of(mark))
