"""What is kept of a crawl, without a crawl: its stats and its recording."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from types import SimpleNamespace

from scrapy.settings import Settings
from scrapy.statscollectors import StatsCollector

from scrapy_leakwatch import recordings
from scrapy_leakwatch.checks.checked import complaint
from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl.recorder import Recorder
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.records import LiveClass, Looks
from scrapy_leakwatch.report.opening import opening
from scrapy_leakwatch.report.sufficiency import in_words
from tests.judging import explanation, growing, hear, judge_of


class Stats(dict):
    """Counts how often each stat was set."""

    def __init__(self):
        super().__init__()
        self.times = {}

    def set_value(self, name, value):
        self[name] = value
        self.times[name] = self.times.get(name, 0) + 1

    def get_stats(self):
        return self


def recorder_of(**settings):
    stats = Stats()
    crawler = SimpleNamespace(stats=stats, settings=Settings({"BOT_NAME": "shop"}))
    config = Config.from_settings(Settings(settings))
    case = judge_of(explain=True)
    spider = SimpleNamespace(name="shop")
    found = Recorder(crawler, config, spider, case, clock=lambda: 1_000_000_000.0)
    return found, stats, case


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_verdict_and_what_it_rests_on_are_joined_by_the_id(tmp_path) -> None:
    recorder, _, case = recorder_of(LEAKWATCH_RECORD=str(tmp_path / "r.jsonl"))
    found = explanation(path=(), stall_ms=12.0)
    (verdict,) = hear(case, growing(responses=200), found)
    recorder.verdict(verdict)
    recorder.finding(found, verdict)
    recorder.finding(found, None)
    recorder.end()
    lines = lines_of(tmp_path / "r.jsonl")
    kinds = ["run", "verdict", "explanation", "explanation", "summary"]
    assert [line["type"] for line in lines] == kinds
    assert lines[1]["id"] == lines[2]["verdict"] == 1
    assert lines[3]["verdict"] is None
    assert {line["time"] for line in lines} == {1_000_000_000.0}


def test_a_stat_is_set_when_it_changes_and_not_with_each_sample() -> None:
    recorder, stats, _ = recorder_of()
    first, *_, last = growing(responses=200)
    for _ in range(3):
        recorder.sample(first)
    assert stats.times["leakwatch/responses/unaccounted"] == 1
    recorder.sample(last)
    assert stats.times["leakwatch/responses/unaccounted"] == 2


def test_a_class_that_is_no_longer_among_the_largest_has_no_stat_left() -> None:
    def seen(name, count):
        return replace(growing(responses=1)[0], live=(LiveClass(name, name, count, 1),))

    _, noted, _ = recorder_of()
    kept = StatsCollector(SimpleNamespace(settings=Settings()))
    kept.set_value("mine", 1)
    for stats in (noted, kept):
        recorder, _, _ = recorder_of()
        recorder._crawler.stats = stats
        for number in range(12):
            recorder.sample(seen(f"Made{number}", 5 + number))
    assert kept.get_value("leakwatch/peak/Made0") is None
    assert kept.get_value("leakwatch/peak/Made11") == 16
    assert kept.get_value("mine") == 1
    # Of one that keeps its stats elsewhere nothing can be taken back.
    assert noted["leakwatch/peak/Made0"] == 0


def test_what_was_not_watched_is_never_healthy(tmp_path) -> None:
    path = tmp_path / "r.jsonl"
    recorder, stats, _ = recorder_of(LEAKWATCH_RECORD=str(path))
    for number in range(20):
        recorder.sample(growing(responses=1)[0])
        recorder.looked("OSError: no files" if number in {5, 6} else "")
    assert stats["leakwatch/verdict"] == "healthy"
    assert stats["leakwatch/failed_looks"] == 2
    assert stats["leakwatch/unwatched"] == ""
    for _ in range(4):
        recorder.looked("OSError: no files")
    assert stats["leakwatch/verdict"] == "unwatched"
    why = "6 of 24 looks at it failed (OSError: no files)"
    assert stats["leakwatch/unwatched"] == why
    recorder.end()
    crawl = recordings.read(path)
    assert crawl.looks == Looks(24, 6, "OSError: no files")
    assert in_words(too_little(crawl)) == f"{why}: its log has the error"
    assert complaint(crawl, []).startswith("Too little was measured to tell whether it")
    assert opening(crawl, too_little(crawl)).word == "Unwatched"


def test_a_leak_that_was_seen_stands_though_the_rest_was_not_watched() -> None:
    recorder, stats, case = recorder_of()
    (verdict,) = hear(case, growing(responses=200), explanation(path=()))
    recorder.verdict(verdict)
    recorder.looked("RuntimeError")
    assert stats["leakwatch/verdict"] == "leak"
    assert stats["leakwatch/unwatched"]


def test_stats_that_are_refused_for_a_while_are_there_at_the_end() -> None:
    recorder, stats, _ = recorder_of()
    set_value, stats.set_value = stats.set_value, None
    recorder.sample(growing(responses=1)[0])
    recorder.looked("")
    stats.set_value = set_value
    recorder.end()
    assert stats["leakwatch/verdict"] == "healthy"


def test_a_verdict_that_could_not_be_written_is_written_at_the_end(
    tmp_path, monkeypatch
) -> None:
    path = tmp_path / "r.jsonl"
    recorder, _, case = recorder_of(LEAKWATCH_RECORD=str(path))
    (verdict,) = hear(case, growing(responses=200), explanation(path=()))
    with monkeypatch.context() as patched:
        patched.setattr(writing, "of_sample", None)
        recorder.sample(growing(responses=1)[0])
        recorder.verdict(verdict)
    recorder.end()
    kinds = [line["type"] for line in lines_of(path)]
    assert kinds == ["run", "verdict", "summary"]


def test_a_recording_that_fails_leaves_the_stats_at_work(tmp_path, caplog) -> None:
    recorder, stats, _ = recorder_of(LEAKWATCH_RECORD=str(tmp_path / "r.jsonl"))

    def full(line):
        raise OSError(28, "No space left on device")

    recorder._record.write = full
    with caplog.at_level(logging.ERROR, "scrapy_leakwatch"):
        for sample in growing(responses=200):
            recorder.sample(sample)
    assert len(caplog.records) == 1
    assert not recorder.is_recording
    assert stats["leakwatch/samples"] == 8


def test_who_attaches_is_told_what_was_said_before(tmp_path) -> None:
    recorder, _, case = recorder_of()
    (verdict,) = hear(case, growing(responses=200), explanation())
    recorder.verdict(verdict)
    recorder.begin_record(str(tmp_path / "late.jsonl"))
    recorder.end_record()
    assert recorder.record is None
    lines = lines_of(tmp_path / "late.jsonl")
    assert [line["type"] for line in lines] == ["run", "verdict"]
