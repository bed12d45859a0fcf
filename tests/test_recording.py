"""The recording: its lines, its file, and what a killed crawl leaves of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from datetime import datetime

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.recordings import parsing, writing
from scrapy_leakwatch.records import Growth, Verdict
from tests.conftest import recorded, start_crawl

SAMPLE = {
    "type",
    "time",
    "elapsed_s",
    "received",
    "live",
    "requests",
    "responses",
    "memory",
    "memory_limit",
    "children",
    "resources",
    "containers",
    "cost_ms",
    "progress",
}
VERDICT = {
    "type",
    "time",
    "kind",
    "subject",
    "class",
    "spider",
    "count",
    "unaccounted",
    "growth_per_1000_responses",
    "growth_per_min",
    "confidence",
    "message",
    "signature",
    "limit_in_s",
    "id",
    "cause",
    "withdraws",
    "bytes",
    "share_of_growth",
    "oldest_s",
    "example_url",
    "limit",
    "limit_of",
    "caveat",
    "remedy",
    "suppressed",
}

EXPLANATION = {
    "type",
    "time",
    "verdict",
    "subject",
    "class",
    "spider",
    "examined",
    "share",
    "holder",
    "owner",
    "origin",
    "path",
    "expression",
    "location",
    "code",
    "retained_bytes_each",
    "retained_bytes_total",
    "example_url",
    "fix",
    "signature",
    "stall_ms",
    "analysis_ms",
    "child_memory_bytes",
}


def test_a_leaking_crawl_is_recorded_from_run_to_summary(crawl, tmp_path) -> None:
    path = tmp_path / "deep" / "leaking.jsonl"
    template = str(tmp_path / "deep" / "%(name)s.jsonl")
    result = crawl("Leaking", LEAKWATCH_RECORD=template)
    run, *middle, summary = recorded(path)
    assert run["type"] == "run"
    assert run["schema"] == 1
    assert run["spider"] == "leaking"
    assert run["versions"].keys() >= {"scrapy-leakwatch", "python", "scrapy", "twisted"}
    assert run["config"]["LEAKWATCH_INTERVAL"] == 0.1
    samples = [line for line in middle if line["type"] == "sample"]
    verdicts = [line for line in middle if line["type"] == "verdict"]
    explained = [line for line in middle if line["type"] == "explanation"]
    bills = [line for line in middle if line["type"] == "bill"]
    assert len(samples) + len(verdicts) + len(explained) + len(bills) == len(middle)
    assert bills
    assert all(line["owners"] and line["layers"] for line in bills)
    assert len(samples) == result.stats["leakwatch/samples"]
    assert all(line.keys() == SAMPLE for line in samples)
    assert all(line.keys() == VERDICT for line in verdicts)
    assert all(line.keys() >= EXPLANATION for line in explained)
    # The queue grows too, and may be looked at before.
    found = [line for line in explained if line["subject"] == "HtmlResponse"]
    assert found[0]["holder"] == "Request.meta['referer']"
    assert found[0]["path"][-1] == {"node": "HtmlResponse", "edge": ""}
    assert found[0]["signature"] == verdicts[0]["signature"]
    assert found[0]["verdict"] == verdicts[0]["id"]
    assert samples[-1]["received"] == result.stats["response_received_count"]
    assert verdicts[0]["confidence"] == "high"
    assert verdicts[0]["example_url"].endswith("product.php?pid=123")
    assert verdicts[0]["kind"] == "leak"
    assert verdicts[0]["class"] == "scrapy.http.response.html.HtmlResponse"
    assert summary["type"] == "summary"
    assert summary["stats"]["leakwatch/verdict"] == "leak"
    assert [each["subject"] for each in summary["verdicts"]] == ["HtmlResponse"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_ledger_of_a_sample_adds_up(crawl, tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    crawl("Leaking", LEAKWATCH_RECORD=str(path))
    sample = [line for line in recorded(path) if line["type"] == "sample"][-2]
    requests, responses = sample["requests"], sample["responses"]
    live = sample["live"]
    assert requests["live"] == live["scrapy.http.request.Request"]["count"]
    assert responses["live"] == live["scrapy.http.response.html.HtmlResponse"]["count"]
    assert responses["unaccounted"] == responses["live"] - responses["in_flight"]
    rest = requests["live"] - requests["queued_memory"] - requests["in_progress"]
    assert requests["unaccounted"] == max(rest - responses["live"], 0)
    assert 0 < sample["memory"]["rss"] <= sample["memory"]["rss_peak"]
    assert sample["memory"]["python_blocks"] > 10_000


def test_the_containers_of_a_crawl_are_recorded(crawl, tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    crawl("HoardsUrls", LEAKWATCH_RECORD=str(path))
    samples = [line for line in recorded(path) if line["type"] == "sample"]
    assert samples[0]["containers"] == []
    last = {each["name"]: each for each in samples[-1]["containers"]}
    assert all(each.keys() == {"name", "type", "len"} for each in last.values())
    kinds = {name: each["type"] for name, each in last.items()}
    assert kinds == {
        "spider.urls": "set",
        "spider.by_kind['product']": "list",
        "HoardsUrls.PRICES": "dict",
        "RFPDupeFilter.fingerprints": "set",
    }
    assert 400 < last["spider.urls"]["len"] == last["HoardsUrls.PRICES"]["len"]


def test_a_killed_crawl_loses_at_most_the_last_line(shop, tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    process = start_crawl(
        shop, tmp_path, "Leaking", LEAKWATCH_RECORD=str(path), LEAKWATCH_INTERVAL=0.01
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if path.exists() and path.read_bytes().count(b'{"type": "sample"') > 30:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    *whole, _ = path.read_bytes().split(b"\n")
    kinds = [json.loads(line)["type"] for line in whole]
    assert kinds[0] == "run"
    assert kinds.count("sample") >= 29
    assert "summary" not in kinds


def test_a_file_that_is_there_is_kept(tmp_path) -> None:
    for content in ("first", "second", "third"):
        record = writing.Recording(str(tmp_path / "a.b.jsonl"), "shop")
        record.write({"type": content})
        record.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.b-2.jsonl", "a.b-3.jsonl", "a.b.jsonl"]
    assert recorded(tmp_path / "a.b.jsonl") == [{"type": "first"}]


def test_the_time_in_a_name_is_the_one_of_feeds(tmp_path) -> None:
    record = writing.Recording(str(tmp_path / "%(name)s_%(time)s_100%%"), "shop")
    record.close()
    name, when, percent = record.path.name.split("_")
    assert (name, percent) == ("shop", "100%")
    assert datetime.strptime(when, "%Y-%m-%dT%H-%M-%S")


def test_a_file_that_can_not_be_made_is_one_line_with_the_remedy(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(writing.RecordingError) as raised:
        writing.Recording(str(tmp_path / "file" / "a.jsonl"), "shop")
    assert str(raised.value).startswith("LEAKWATCH_RECORD: can't write ")
    assert "the crawl goes on without a recording" in str(raised.value)


@pytest.mark.parametrize("name", [".", "a\0b", "file/a.jsonl", "a" * 300])
def test_a_name_that_is_none_is_one_line(tmp_path, monkeypatch, name) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(writing.RecordingError, match="LEAKWATCH_RECORD") as raised:
        writing.Recording(name, "shop")
    assert str(raised.value).isprintable()
    assert os.listdir(tmp_path) == ["file"]


def test_names_are_not_tried_without_end(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(writing, "MOST_NAMES", 4)
    for _ in range(2):
        writing.Recording(str(tmp_path / "a"), "shop").close()
    with pytest.raises(writing.RecordingError, match="those numbered on"):
        writing.Recording(str(tmp_path / "a"), "shop")


def test_a_recording_does_not_go_through_a_link(tmp_path) -> None:
    (tmp_path / "a.jsonl").symlink_to("absent")
    writing.Recording(str(tmp_path / "a.jsonl"), "shop").close()
    assert sorted(os.listdir(tmp_path)) == ["a-2.jsonl", "a.jsonl"]


@pytest.mark.parametrize("what", ["a pipe", "a folder"])
def test_a_recording_takes_no_name_beside_what_is_no_file(tmp_path, what) -> None:
    (os.mkfifo if what == "a pipe" else os.mkdir)(tmp_path / "a")
    with pytest.raises(writing.RecordingError, match=what):
        writing.Recording(str(tmp_path / "a"), "shop")
    assert os.listdir(tmp_path) == ["a"]


def test_a_crawl_of_a_project_named_by_a_number_can_be_read(crawl, tmp_path) -> None:
    crawl("Healthy", BOT_NAME=7, LEAKWATCH_RECORD="record.jsonl")
    assert recordings.read(tmp_path / "record.jsonl").run.project == "7"


def test_stats_that_json_can_not_hold_are_written_as_text() -> None:
    stats = {"a": 1, "b": float("inf"), "c": datetime(2026, 1, 2), "d": None, "e": [1]}
    stats |= {404: 2, ("f", 1): 3}
    line = writing.of_summary(stats, (), 0.0)
    assert line["stats"] == {
        "a": 1,
        "b": None,
        "c": "2026-01-02 00:00:00",
        "d": None,
        "e": "[1]",
        "404": 2,
        "('f', 1)": 3,
    }
    json.dumps(line, allow_nan=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_ends_the_recording_and_not_the_crawl(crawl) -> None:
    prelude = """
import os
from scrapy_leakwatch.recordings import writing
writing._open_new = lambda path: (path, os.open("/dev/full", os.O_WRONLY))
"""
    result = crawl("Healthy", prelude=prelude, LEAKWATCH_RECORD="record.jsonl")
    (error,) = result.lines("ERROR")
    assert "LEAKWATCH_RECORD: can't write record.jsonl (No space left" in error
    assert "Traceback" not in result.log
    assert result.items == 420
    assert result.stats["leakwatch/samples"] >= 3


GROWTH = Growth(floors=(), per_1000_responses=250.0, per_min=1500.0)
VERDICTS = [
    Verdict(
        *("leak", "HtmlResponse", "scrapy.http.HtmlResponse", "shop", 1200, 1180),
        growth=GROWTH,
        confidence="high",
        oldest_s=12.5,
        example_url="http://shop/1",
        message="HtmlResponse is leaking",
        signature="3f2a9c1e",
        limit=512 * 10**6,
        limit_in_s=90.0,
        caveat="who holds them is not known",
        suppressed=True,
        remedy="let go of them",
        id=3,
        cause=2,
        withdraws=1,
        bytes=7,
        share_of_growth=0.5,
    ),
    Verdict("backlog", "Request", "", "shop", 1, 1, GROWTH, "low", 0.0, ""),
]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_read_as_it_was_written(verdict) -> None:
    line = json.loads(json.dumps(writing.of_verdict(verdict, 1.0)))
    assert parsing.verdict(line) == verdict
