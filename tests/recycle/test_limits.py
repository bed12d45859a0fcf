"""The limit of a process, beside the one that watches over it."""

from __future__ import annotations

import os

import psutil
import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.observe.limits import MEGABYTE, Limits
from scrapy_leakwatch.recycle import process
from scrapy_leakwatch.recycle.plan import Plan


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """Return the limit of a process in a container of so many megabytes."""

    def limit(asked, container_mb):
        container = container_mb and container_mb * MEGABYTE
        monkeypatch.setattr(process, "limits", lambda _: Limits(None, container))
        plan = Plan(0, str(tmp_path / "job"), "record", os.getpid(), asked)
        settings = Settings()
        process.prepare(settings, plan)
        return settings["LEAKWATCH_RSS_LIMIT_MB"]

    return limit


def test_auto_leaves_room_for_who_watches_over_the_process(limit) -> None:
    memory = psutil.Process().memory_info()
    here_mb = (memory.rss - memory.shared) / MEGABYTE
    assert limit("auto", 2000) == pytest.approx(0.9 * (2000 - here_mb), rel=0.05)


def test_a_container_that_is_too_small_is_a_limit_all_the_same(limit) -> None:
    assert limit("auto", 4) == 1


@pytest.mark.parametrize(("asked", "container_mb"), [(600, 512), ("auto", None)])
def test_other_limits_stay_as_they_are(limit, asked, container_mb) -> None:
    assert limit(asked, container_mb) == asked
