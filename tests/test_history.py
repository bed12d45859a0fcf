"""``scrapy leakwatch history``: what became of each leak, from run to run."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.judge import causes
from scrapy_leakwatch.recordings import folders
from tests import synthetic
from tests.commanding import FOUND, HOARD, HOSTILE, LEAK, RECOVERED, leakwatch
from tests.synthetic import START
from tests.test_diff import END, UNRELEASED, grown

DAY = 86400
LOSES_ITS_NAME = [{**LEAK, "signature": None}]


@pytest.fixture
def runs(record, tmp_path):
    """Record runs of a spider, a day apart, of which is said what is given."""

    def runs(*said: list[dict], spider: str = "somenasty", **more: object) -> str:
        for day, lines in enumerate(said):
            begun = START + day * DAY
            record(f"{spider}-{day}", *lines, time=begun, spider=spider, **more)
        return str(tmp_path)

    return runs


def shown(capsys, *argv: str) -> dict:
    """Return the causes by their subject, as programs are told."""
    capsys.readouterr()
    leakwatch("history", "--json", *argv)
    found = json.loads(capsys.readouterr().out)
    return {each["subject"]: each for each in found["causes"]}


def test_a_leak_that_lasts_is_to_be_acted_on(runs, capsys) -> None:
    folder = runs([], [], [LEAK, FOUND], [grown(LEAK, 500), FOUND])
    assert leakwatch("history", folder) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 runs of 1 spider, 2025-06-15 15:06 to 2025-06-18 15:06 UTC"
    assert lines[1] == folder
    assert lines[2].startswith("4 without an end")
    assert lines[4:] == [
        "ACT      HtmlResponse (leak)  signature 7296c8ac",
        "  somenasty 2 of 4 runs, new since 2025-06-17 15:06, last 2025-06-18 15:06",
        "            ▁▁▅█  12.9 MB per 1,000 responses",
        "  held by   Request.meta['referer']",
        f"  put there {FOUND['location']}  {FOUND['code']}",
        f"  fix       {FOUND['fix']}",
        f"  last in   {folder}/somenasty-3.jsonl",
        "",
        "1 cause: 1 to act on.",
    ]


@pytest.mark.parametrize(
    ("said", "runs_with_it", "state"),
    [
        ([[LEAK], [LEAK], [LEAK]], 3, "act"),
        ([[LEAK], [LEAK], []], 2, "gone"),
        ([[LEAK], [], [LEAK]], 2, "act"),
        ([[LEAK], [], [LEAK, RECOVERED]], 1, "gone"),
        ([[LEAK], [{**LEAK, "suppressed": True}]], 2, "accepted"),
        ([[LEAK], [LEAK, FOUND], LOSES_ITS_NAME], 3, "act"),
        ([LOSES_ITS_NAME, LOSES_ITS_NAME], 2, "act"),
        ([[{**LEAK, "kind": "backlog"}]], 1, "look"),
        ([[UNRELEASED, END], [END]], 1, "gone"),
        ([[UNRELEASED, END], []], 1, "act"),  # it shows only at the end
        ([[grown(LEAK, 20)], []], 1, "act"),  # it grows too slowly to be seen
    ],
)
def test_what_becomes_of_a_cause(runs, capsys, said, runs_with_it, state) -> None:
    folder = runs(*said)
    assert leakwatch("history", folder) == (3 if state == "act" else 0)
    (cause,) = shown(capsys, folder).values()
    (course,) = cause["spiders"]
    assert (cause["state"], course["runs"]) == (state, runs_with_it)
    assert course["of"] == len(said)


def test_a_run_that_was_too_short_proves_nothing(runs, record, capsys) -> None:
    folder = runs([LEAK])
    record("short", time=START + DAY, samples=5)
    (cause,) = shown(capsys, folder).values()
    assert cause["state"] == "act"
    assert cause["spiders"][0]["rates"] == [250, None]
    assert not cause["spiders"][0]["new"]
    assert leakwatch("history", folder) == 3


def test_what_a_short_run_does_not_have_is_not_new(runs, record, capsys) -> None:
    folder = runs([LEAK])
    record("short", time=START - DAY, samples=5)
    (cause,) = shown(capsys, folder).values()
    assert not cause["spiders"][0]["new"]
    record("long", time=START - 2 * DAY)
    (cause,) = shown(capsys, folder).values()
    assert cause["spiders"][0]["new"]


def test_runs_that_were_all_too_short_say_nothing(record, tmp_path, capsys) -> None:
    record("short", samples=5)
    assert leakwatch("history", str(tmp_path)) == 4
    assert "Measured too little" in capsys.readouterr().out


def test_runs_without_a_leak_are_healthy(runs, capsys) -> None:
    assert leakwatch("history", runs([], [])) == 0
    assert "Healthy: nothing leaks in any run." in capsys.readouterr().out


def test_a_cause_is_followed_in_each_spider_that_has_it(runs, capsys) -> None:
    runs([LEAK], [LEAK], [])
    folder = runs([], [LEAK], spider="other")
    (cause,) = shown(capsys, folder).values()
    assert cause["state"] == "act"  # one of the spiders still has it
    other, somenasty = cause["spiders"]
    assert (other["spider"], other["new"], other["gone_since"]) == ("other", True, None)
    assert somenasty["gone_since"]["path"].endswith("somenasty-2.jsonl")
    assert (somenasty["absent"], somenasty["new"]) == (1, False)
    only = shown(capsys, folder, "--spider", "somenasty")
    assert [each["state"] for each in only.values()] == ["gone"]


def test_what_must_be_done_stands_first(runs, capsys) -> None:
    queue = synthetic.verdict(START, "backlog", "Request", signature="a5d91cbe")
    other = synthetic.verdict(START, "leak", "Item", signature="0ther")
    small = grown(synthetic.verdict(START, "leak", "Small", signature="5ma11"), 120)
    folder = runs([other, HOARD], [queue, HOARD, small, LEAK])
    assert list(shown(capsys, folder)) == [
        "HtmlResponse", "Small", "DedupPipeline.seen", "Request", "Item",
    ]  # fmt: skip


def test_what_was_found_before_stays_where_nobody_looked_again(runs, capsys) -> None:
    folder = runs([LEAK, FOUND], [LEAK])
    (cause,) = shown(capsys, folder).values()
    assert cause["verdict"]["found"]["location"] == FOUND["location"]


def test_each_other_file_is_a_note_and_no_error(runs, record, tmp_path, capsys) -> None:
    folder = runs([LEAK])
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "items.jsonl").write_text('{"price": 12}\n' * 3)
    (tmp_path / "binary.jsonl").write_bytes(os.urandom(10_000))
    record("later", schema=99)
    (tmp_path / "notes.txt").write_text("no recording, and not called like one")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to("somenasty-0.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    copy = tmp_path / "project" / "copy.jsonl"
    copy.parent.mkdir()
    copy.write_bytes(Path(folder, "somenasty-0.jsonl").read_bytes())
    assert leakwatch("history", folder) == 3
    out = capsys.readouterr().out
    assert out.startswith("1 run of 1 spider")
    for name, said in (
        ("empty", "is empty"),
        ("items", "is no recording"),
        ("binary", "is no recording"),
        ("later", "has schema 99"),
    ):
        assert f"{name}.jsonl {said}" in out
    assert "is of the same run as" in out
    for name in ("notes.txt", ".hidden", "link.jsonl", "pipe.jsonl"):
        assert name not in out


def test_a_recording_that_grows_or_is_damaged_is_read_as_far_as_it_goes(
    runs, capsys
) -> None:
    folder = runs([LEAK])
    path = Path(folder, "somenasty-0.jsonl")
    with path.open("a") as file:
        file.write('{broken\n{"type": "sample", "time": 17')
    assert leakwatch("history", folder) == 3
    assert "has 1 lines that make no sense" in capsys.readouterr().out


@pytest.mark.parametrize("samples", [0, 1, 2, 3, 40])
def test_a_skimmed_recording_is_as_one_that_was_read(record, samples) -> None:
    path = record("some", LEAK, FOUND, END, samples=samples)
    skimmed, read = recordings.skim(path), recordings.read(path)
    for name in ("run", "told", "standing", "summary", "samples", "ended", "last"):
        assert getattr(skimmed, name) == getattr(read, name), name
    assert causes.too_little(skimmed) == causes.too_little(read)
    if samples > 1:  # the second is where counting begins
        assert causes.extent(skimmed) == causes.extent(read)


def test_a_sample_that_is_cut_off_is_not_the_last(record) -> None:
    path = record("killed")
    whole = recordings.skim(path)
    with Path(path).open("a") as file:
        file.write('{"type": "sample", "time": 17')
    assert causes.extent(recordings.skim(path)) == causes.extent(whole)


def test_only_the_files_of_late_are_read(runs, capsys, monkeypatch) -> None:
    folder = runs([LEAK], [LEAK], [LEAK])
    for day in range(3):
        times = START + day * DAY, START + day * DAY
        os.utime(Path(folder, f"somenasty-{day}.jsonl"), times)
    assert leakwatch("history", folder, "--since", "2025-06-16") == 3
    assert capsys.readouterr().out.startswith("2 runs of 1 spider")
    monkeypatch.setattr(folders, "MOST", 1)
    assert leakwatch("history", folder) == 3
    out = capsys.readouterr().out
    assert out.startswith("1 run of 1 spider, 2025-06-17")
    assert "2 older files are left out" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["{}/none"], "is no folder"),
        (["{}"], "There is no recording below {}: set LEAKWATCH_RECORD"),
        (["{}", "--since", "yesterday"], "--since 'yesterday' is no date"),
    ],
)
def test_what_can_not_be_read_is_told_in_one_line(tmp_path, capsys, argv, said) -> None:
    given = [each.format(tmp_path) for each in argv]
    assert leakwatch("history", *given) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said.format(tmp_path) in line


def test_very_many_causes_are_bounded_and_counted(runs, monkeypatch, capsys) -> None:
    said = [
        synthetic.verdict(START, "leak", f"Item{number}", signature=f"{number:08}")
        for number in range(60)
    ]
    folder = runs(said)
    assert len(shown(capsys, folder)) == causes.MOST_OF_A_RUN
    monkeypatch.setattr(causes, "MOST_CAUSES", 20)
    assert leakwatch("history", folder) == 3
    assert "30 causes, of very many, were left out" in capsys.readouterr().out


def test_hostile_text_can_not_act(runs, capsys) -> None:
    hostile = {**LEAK, "subject": HOSTILE, "signature": HOSTILE, "remedy": HOSTILE}
    assert leakwatch("history", runs([hostile], spider="evil")) == 3
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_runs_may_come_in_any_order(runs) -> None:
    moved = {**FOUND, "location": "shop/spiders/somenasty.py:22"}
    folder = Path(runs([], [LEAK, FOUND], [LEAK, moved], [grown(LEAK, 500)], [HOARD]))
    crawls = [recordings.skim(path) for path in sorted(folder.glob("*.jsonl"))]
    forth, back = causes.Causes(), causes.Causes()
    for crawl in crawls:
        assert forth.add(crawl) is None
    for crawl in reversed(crawls):
        assert back.add(crawl) is None
    assert forth.past() == back.past()
    (leak,) = [each for each in back.past().causes if each.told.verdict.kind == "leak"]
    assert leak.told.found.location == moved["location"]
    copy = replace(crawls[0], path=Path("copy.jsonl"))
    assert forth.add(copy).path == crawls[0].path
    assert len(forth.past().runs) == len(crawls)


@pytest.mark.slow
def test_the_recordings_of_real_crawls_are_followed(crawl, tmp_path, capsys) -> None:
    folder = tmp_path / "recordings"
    record = {"LEAKWATCH_RECORD": str(folder / "%(name)s-%(time)s.jsonl")}
    crawl("Leaking", **record)
    crawl("Healthy", **record)
    assert leakwatch("history", str(folder)) == 3
    out = capsys.readouterr().out
    assert out.startswith("2 runs of 2 spiders")
    assert "\nACT      HtmlResponse (leak)  signature " in out
    assert "\n  leaking   1 of 1 run, first " in out
    assert "\n  held by   Request.meta['referer']\n" in out
    assert leakwatch("history", str(folder), "--spider", "healthy") == 0
    assert "Healthy: nothing leaks" in capsys.readouterr().out
