"""Real crawls whose components take something, and give it back or don't."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from scrapy.crawler import Crawler

from tests import takers
from tests.conftest import (
    ASYNCIO,
    MODES,
    QUICK_MODES,
    REACTORLESS,
    ROW,
    SELECT,
    TIMEOUT,
    recorded,
    start_crawl,
)

SHORT = "spiders.Backlog.pages = 20\n"
LEAKWATCH = {"scrapy_leakwatch.LeakWatch": 500}
PIPELINES = ["TakesChild", "TakesFile", "TakesDatabase"]
KINDS = {
    "TakesLoopingCall": "LoopingCall",
    "TakesScrapysLoopingCall": "LoopingCall",
    "TakesDelayedCall": "DelayedCall",
    "TakesPort": "listening port",
    "TakesTask": "asyncio task",
    "TakesTimer": "asyncio timer",
    "TakesServer": "listening port",
    "TakesThread": "Thread",
    "TakesThreadOfFunction": "Thread",
    "TakesHelper": "Thread",
    "TakesChild": "child process",
    "TakesFile": "open file",
    "TakesFilesForAModule": "open file",
    "TakesSocket": "socket",
    "TakesDatabase": "database connection",
    "TakesDirectory": "temporary directory",
    "TakesReceiver": "signal receiver",
    "TakesHandler": "logging handler",
}
OF_A_REACTOR = {"TakesLoopingCall", "TakesDelayedCall", "TakesPort"}
OF_ASYNCIO = {"TakesTask", "TakesTimer", "TakesServer"}
NEWER = {"TakesScrapysLoopingCall"}


def has_scrapys_looping_call() -> bool:
    try:
        import scrapy.utils.asyncio  # noqa: F401
    except ImportError:
        return False
    return True


def usable(names, mode) -> list[str]:
    """Return the components that can be used with an event loop."""
    unusable = OF_A_REACTOR if mode is REACTORLESS else set()
    unusable = unusable | (OF_ASYNCIO if mode is SELECT else set())
    unusable = unusable | (set() if has_scrapys_looping_call() else NEWER)
    return [name for name in names if name not in unusable]


def enabled(module: str, names: list[str], pipelines: list[str]) -> dict:
    return {
        "EXTENSIONS": LEAKWATCH
        | {f"{module}.{name}": 100 for name in names if name not in pipelines},
        "ITEM_PIPELINES": {f"{module}.{name}": 100 for name in pipelines},
    }


@pytest.fixture
def row(shop, tmp_path):
    """Run a spider ten times in one process, one crawl after another."""

    def run(prelude: str = "", **settings):
        job = {"script": ROW, "times": 10, **settings}
        text = f"spiders.Backlog.pages = 3\n{prelude}"
        process = start_crawl(shop, tmp_path, "Backlog", prelude=text, **job)
        try:
            _, log = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
        assert process.returncode == 0, log
        stats = json.loads((tmp_path / "outcome.json").read_text())["stats"]
        warnings = [line for line in log.splitlines() if "leakwatch] WARN" in line]
        return SimpleNamespace(log=log, stats=stats, warnings=warnings)

    return run


@pytest.mark.parametrize("mode", MODES)
def test_each_kind_is_named_with_its_component_and_line(crawl, tmp_path, mode) -> None:
    names = usable(KINDS, mode)
    record = tmp_path / "record.jsonl"
    settings = enabled("takers", names, PIPELINES) | mode
    result = crawl("Backlog", prelude=SHORT, LEAKWATCH_RECORD=str(record), **settings)
    lines = recorded(record)
    found = [
        (line["owner"].split()[-1], line["subject"], line["location"])
        for line in lines
        if line["type"] == "explanation"
    ]
    assert sorted(found) == sorted((n, KINDS[n], takers.taken_at(n)) for n in names)
    verdicts = [line for line in lines if line["type"] == "verdict"]
    assert {each["kind"] for each in verdicts} == {"unreleased"}
    remedies = [each["remedy"] for each in verdicts if "folder" in each["remedy"]]
    assert remedies == [
        "in a handler of spider_closed, call shutil.rmtree(self.folder)"
    ]
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["verdicts"] == [
        each | {"time": lines[-1]["time"]} for each in verdicts
    ]
    assert result.stats["leakwatch/verdict"] == "unreleased"
    assert result.stats["leakwatch/verdicts/unreleased"] == len(names)
    assert len(result.lines("WARNING")) == len(names)
    assert result.left["watches"] == result.left["samplers"] == 0


GIVERS = [
    *("Loops", "Tasks", "Threads", "PooledThreads", "Ports", "Slow", "Children"),
    *("Listens", "Shares"),
]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", QUICK_MODES)
def test_who_gives_back_is_not_accused_nor_is_scrapy(crawl, tmp_path, mode) -> None:
    twisted = {"Loops", "Ports", "Slow"} if mode is REACTORLESS else set()
    asynchronous = {"Tasks"} if mode is SELECT else set()
    names = [name for name in GIVERS if name not in twisted | asynchronous]
    settings = enabled("givers", names, ["Files", "Images"]) | mode
    result = crawl(
        *("Backlog", "Backlog"),
        prelude=SHORT + "spiders.Backlog.start_urls = ['http://localhost:1/nobody']\n",
        FEEDS={"a.jl": {"format": "jsonlines"}, "b.csv": {"format": "csv"}},
        FILES_STORE=str(tmp_path / "files"),
        HTTPCACHE_ENABLED=True,
        TELNETCONSOLE_ENABLED=mode is not REACTORLESS,
        REMOTE_CONTROL_ENABLED=True,
        **settings,
    )
    assert result.lines("WARNING") == result.lines("ERROR") == []
    for stats in (result.stats, *result.others):
        assert stats["leakwatch/verdict"] == "healthy"


@pytest.mark.parametrize(
    ("mode", "keeper"),
    [
        pytest.param(ASYNCIO, "KeepsCrawler", id="asyncio"),
        pytest.param(SELECT, "KeepsSpider", id="select", marks=pytest.mark.slow),
        pytest.param(
            REACTORLESS, "KeepsCrawler", id="reactorless", marks=QUICK_MODES[2].marks
        ),
    ],
)
def test_a_crawler_kept_by_each_of_ten_crawls_is_one_verdict(row, mode, keeper) -> None:
    result = row(EXTENSIONS=LEAKWATCH | {f"takers.{keeper}": 100}, **mode)
    (warning,) = result.warnings
    assert "unreleased: 3 Crawlers of 3 ended crawls are still alive" in warning
    assert "(0 → 1 → 2 → 3)" in warning
    kept = "CRAWLERS[*]" if keeper == "KeepsCrawler" else "SPIDERS[*].crawler"
    assert f"\n  held by   takers.{kept}  (3 of 3)" in result.log
    assert f"\n  put there {takers.taken_at(keeper)}  " in result.log
    assert [stats["leakwatch/verdict"] for stats in result.stats].count(
        "unreleased"
    ) == 1


def test_a_script_may_keep_the_crawlers_it_made(row) -> None:
    result = row("spiders.KEEP = True\n", EXTENSIONS=LEAKWATCH, **ASYNCIO)
    assert result.warnings == []


def test_what_each_crawl_leaves_is_told_again_when_it_is_four_times_as_much(
    row,
) -> None:
    extensions = LEAKWATCH | {"takers.TakesReceiver": 100}
    result = row(EXTENSIONS=extensions, **ASYNCIO)
    first, second = result.warnings
    assert "signal receiver TakesReceiver.item_scraped of item_scraped" in first
    assert second.endswith("; 4 in this process")
    assert all(stats["leakwatch/verdict"] == "unreleased" for stats in result.stats)


def test_crawls_side_by_side_are_told_of_their_own(crawl, tmp_path) -> None:
    """Of a class that both have, only what hangs on an instance can be told."""
    names = ["TakesLoopingCall", "TakesThreadOfFunction"]
    result = crawl(
        *("Backlog", "Healthy"),
        prelude=SHORT,
        LEAKWATCH_RECORD=str(tmp_path / "%(name)s.jsonl"),
        **enabled("takers", names, []),
    )
    for name in ("backlog", "healthy"):
        lines = recorded(tmp_path / f"{name}.jsonl")
        loops = [
            line
            for line in lines
            if line["type"] == "verdict" and line["subject"] == "LoopingCall"
        ]
        assert [loop["spider"] for loop in loops] == [name]
        assert loops[0]["count"] == 1
    assert result.lines("ERROR") == []


def test_what_crawls_side_by_side_share_goes_with_the_last_of_them(crawl) -> None:
    settings = enabled("givers", ["Common"], [])
    result = crawl("Backlog", "Healthy", prelude=SHORT, **settings)
    assert result.lines("WARNING") == result.lines("ERROR") == []


def test_what_is_known_and_accepted_is_recorded_and_not_told(crawl, tmp_path) -> None:
    record = tmp_path / "record.jsonl"
    result = crawl(
        "Backlog",
        prelude=SHORT,
        LEAKWATCH_RECORD=str(record),
        LEAKWATCH_SUPPRESS=["* of extension TakesThread"],
        **enabled("takers", ["TakesThread"], []),
    )
    assert result.lines("WARNING") == []
    (verdict,) = [line for line in recorded(record) if line["type"] == "verdict"]
    assert verdict["kind"] == "unreleased"
    assert result.stats["leakwatch/verdict"] == "healthy"


def test_the_summary_is_written_when_the_reactor_stops_too_early(
    crawl, tmp_path
) -> None:
    record = tmp_path / "record.jsonl"
    settings = enabled("takers", ["ChangesItsMind"], [])
    crawl("Backlog", prelude=SHORT, LEAKWATCH_RECORD=str(record), **settings)
    assert recorded(record)[-1]["type"] == "summary"


@pytest.mark.skipif(
    not hasattr(Crawler, "stop_async"), reason="this Scrapy stops after it has closed"
)
def test_a_crawl_that_stops_while_its_spider_closes_is_let_go(crawl, tmp_path) -> None:
    record = tmp_path / "record.jsonl"
    settings = enabled("takers", ["Interrupts"], ["Interrupts"])
    result = crawl("Backlog", prelude=SHORT, LEAKWATCH_RECORD=str(record), **settings)
    assert result.left["watches"] == 0
    assert [line["type"] for line in recorded(record)].count("summary") == 1
