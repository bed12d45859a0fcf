"""LeakWatch's verdict as a monitor of Spidermon, with the real package."""

from __future__ import annotations

import pytest

from tests import ends
from tests.conftest import ASYNCIO, QUICK_MODES, recorded
from tests.test_alerting import events, shown

pytest.importorskip("spidermon")

LEAKWATCH = "scrapy_leakwatch.LeakWatch"
OURS = "scrapy_leakwatch.spidermon.Spidermon"
THEIRS = "spidermon.contrib.scrapy.extensions.Spidermon"
SUITE = "spiders.Suite"

MONITORED = """
import spidermon.core.actions
from scrapy_leakwatch.spidermon import LeakMonitorSuite

class Note(spidermon.core.actions.Action):
    def run_action(self):
        stats = self.data.crawler.stats
        (result,) = self.result.monitor_results
        stats.set_value("monitor", [result.status, result.reason])

class Suite(LeakMonitorSuite):
    monitors_finished_actions = [Note]

spiders.Suite = Suite
"""


@pytest.fixture
def monitored(crawl):
    """Crawl with Spidermon, and return the crawl, and what became of the monitor."""

    def run(spider: str, *, spidermon: str = OURS, prelude: str = "", **settings):
        settings = {
            "SPIDERMON_ENABLED": True,
            "SPIDERMON_ENGINE_STOP_MONITORS": [SUITE],
            "EXTENSIONS": {LEAKWATCH: 500, spidermon: 510},
            **settings,
        }
        result = crawl(spider, prelude=MONITORED + prelude, **settings)
        assert "monitor" in result.stats, result.log
        return result, *result.stats["monitor"]

    return run


@pytest.mark.parametrize(
    ("spidermon", "mode"),
    [
        pytest.param(THEIRS, ASYNCIO, id="theirs"),
        *(
            pytest.param(OURS, *mode.values, id=mode.id, marks=mode.marks)
            for mode in QUICK_MODES
        ),
    ],
)
def test_a_leak_fails_the_monitor_with_its_line_price_and_fix(
    monitored, spidermon, mode
) -> None:
    result, status, reason = monitored("Leaking", spidermon=spidermon, **mode)
    assert status == "FAIL"
    verdict, *rows = reason.splitlines()
    assert verdict.startswith("LEAK: ")
    named = dict(row.split(maxsplit=1) for row in rows)
    assert "Request.meta['referer']" in named["path"]
    assert "spiders.py:" in named["put"]
    assert named["costs"].endswith("MB")
    assert named["fix"]
    assert result.lines("ERROR") == []


@pytest.mark.parametrize("spider", ["Healthy", "Backlog"])
def test_what_does_not_leak_passes_the_monitor(monitored, spider) -> None:
    _, status, _ = monitored(spider)
    assert status == "OK"


def test_too_short_a_crawl_skips_the_monitor_and_says_so(monitored) -> None:
    prelude = "spiders.Backlog.pages = 10\n"
    _, status, reason = monitored("Backlog", prelude=prelude, LEAKWATCH_INTERVAL=60)
    assert status == "SKIPPED"
    assert "too" in reason.lower()


def test_a_crawl_that_nobody_watches_fails_the_monitor(monitored) -> None:
    prelude = "spiders.Backlog.pages = 10\n"
    _, status, reason = monitored("Backlog", prelude=prelude, EXTENSIONS={OURS: 1})
    assert status == "FAIL"
    assert "add scrapy_leakwatch.LeakWatch to EXTENSIONS" in reason


@pytest.mark.parametrize("mode", QUICK_MODES)
@pytest.mark.parametrize("order", [490, 510])
def test_what_is_told_last_is_seen_whatever_the_order(
    monitored, tmp_path, order, mode
) -> None:
    result, status, reason = monitored(
        "Backlog",
        prelude="spiders.Backlog.pages = 20\n",
        EXTENSIONS={LEAKWATCH: 500, OURS: order, "takers.TakesThread": 502},
        LEAKWATCH_RECORD=str(tmp_path / "record.jsonl"),
        **mode,
    )
    assert status == "FAIL"
    assert reason.startswith("UNRELEASED: ")
    (told,) = (
        each
        for each in recorded(tmp_path / "record.jsonl")
        if each["type"] == "verdict" and each["kind"] == "unreleased"
    )
    assert told["message"] in reason
    (warning,) = result.lines("WARNING")
    assert "Thread TakesThread" in warning


CLOSING = """
class Closing(spidermon.core.actions.Action):
    def run_action(self):
        close_spider(self.data.crawler, "noticed")

from scrapy_leakwatch.internals.versions import close_spider
spiders.Suite.monitors_failed_actions = [Closing]
"""


def test_a_leak_fails_a_periodic_monitor_while_the_crawl_runs(monitored) -> None:
    result, status, _ = monitored(
        "Leaking",
        prelude=f"{CLOSING}spiders.Leaking.pages = 5000\n",  # ends when it is noticed
        SPIDERMON_ENGINE_STOP_MONITORS=[],
        SPIDERMON_PERIODIC_MONITORS={SUITE: 0.1},
    )
    assert status == "FAIL"
    assert result.stats["finish_reason"] == "noticed"


def test_the_page_on_alarms_has_what_spidermon_takes(monitored, tmp_path) -> None:
    pytest.importorskip("sentry_sdk")
    (tmp_path / "monitors.py").write_text(shown("monitors.py"))
    record = tmp_path / "record.jsonl"
    with ends.http(b"{}") as end:
        monitored(
            "Leaking",
            prelude="import sys; sys.path.insert(0, '')\n",
            SPIDERMON_ENGINE_STOP_MONITORS=["monitors.LeakSuite", SUITE],
            SPIDERMON_SENTRY_DSN=f"http://key@127.0.0.1:{end.port}/1",
            SPIDERMON_SENTRY_PROJECT_NAME="shop",
            LEAKWATCH_RECORD=str(record),
        )
    (event,) = events(end)
    leak = next(each for each in recorded(record) if each["type"] == "verdict")
    assert event["fingerprint"] == ["scrapy-leakwatch", leak["signature"]]
    assert "HtmlResponse is leaking" in event["message"]


@pytest.mark.parametrize(("spider", "status"), [("Leaking", "FAIL"), ("Backlog", "OK")])
def test_spidermons_own_monitors_compare_the_level(
    monitored, tmp_path, spider, status
) -> None:
    pytest.importorskip("sentry_sdk")
    (tmp_path / "monitors.py").write_text(shown("monitors.py"))
    prelude = """
import sys
sys.path.insert(0, "")
import monitors
spiders.Suite.monitors = [monitors.LeakLevelMonitor]
"""
    shown_settings: dict[str, object] = {}
    exec(shown("settings.py"), shown_settings)
    name = "SPIDERMON_ENGINE_STOP_EXPRESSION_MONITORS"
    expressions = {name: shown_settings[name]}
    result, by_class, _ = monitored(
        spider, prelude=prelude, SPIDERMON_MAX_LEAK_LEVEL=1, **expressions
    )
    assert by_class == status
    assert f"[Spidermon] Memory/nothing leaks... {status}" in result.log
