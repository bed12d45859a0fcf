"""The limit of a process, beside the one that watches over it."""

from __future__ import annotations

import argparse

import psutil
import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.commands import recycle
from scrapy_leakwatch.observe.limits import MEGABYTE, Limits


@pytest.fixture
def limit(monkeypatch):
    """Return the limit of a process in a container of so many megabytes."""

    def limit(container_mb, max_rss=0, max_pages=0, **settings):
        container = container_mb and container_mb * MEGABYTE
        monkeypatch.setattr(recycle, "limits", lambda _: Limits(None, container))
        asked = argparse.Namespace(max_rss=max_rss, max_pages=max_pages)
        return recycle.limit_mb(Settings(settings), asked)

    return limit


@pytest.mark.parametrize("settings", [{}, {"LEAKWATCH_RSS_LIMIT_MB": "auto"}])
def test_auto_leaves_room_for_who_watches_over_the_process(limit, settings) -> None:
    memory = psutil.Process().memory_info()
    here_mb = (memory.rss - memory.shared) / MEGABYTE
    assert limit(2000, **settings) == pytest.approx(0.9 * (2000 - here_mb), rel=0.05)


def test_a_container_that_is_too_small_is_a_limit_all_the_same(limit) -> None:
    assert limit(4) == 1


def test_other_limits_stay_as_they_are(limit) -> None:
    assert limit(512, max_rss=600) == 600
    assert limit(512, LEAKWATCH_RSS_LIMIT_MB=300) == 300
    assert limit(512, max_pages=100) == 0
    assert limit(None) == "auto"
