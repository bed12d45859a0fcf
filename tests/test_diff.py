"""``scrapy leakwatch diff``, and crawls of which too little was seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import synthetic
from tests.commanding import FOUND, HOARD, LEAK, RECOVERED, leakwatch
from tests.synthetic import START


def grown(line: dict, rate: float) -> dict:
    return {**line, "growth_per_1000_responses": rate}


@pytest.mark.parametrize(
    ("said", "turn", "code"),
    [
        (([], [LEAK, FOUND]), "NEW", 3),
        (([LEAK, FOUND], []), "GONE", 0),
        (([LEAK, FOUND], [grown(LEAK, 500), FOUND]), "GROWN", 0),
        (([LEAK, FOUND], [grown(LEAK, 100), FOUND]), "SHRUNK", 0),
        (([LEAK, FOUND], [grown(LEAK, 260), FOUND]), "SAME", 0),
        (([LEAK], [grown({**LEAK, "signature": None}, 260)]), "SAME", 0),
        (([], [{**LEAK, "suppressed": True}]), "NEW", 0),
        (([], [{**LEAK, "kind": "backlog", "signature": None}]), "NEW", 0),
        (([{**LEAK, "signature": "0ther"}, HOARD], [LEAK, HOARD]), "NEW", 3),
    ],
)
def test_diff_tells_what_became_of_a_leak(said, turn, code, record, capsys) -> None:
    before, after = said
    paths = record("before", *before), record("after", *after)
    assert leakwatch("diff", *paths) == code
    shown = capsys.readouterr().out
    assert f"\n{turn} " in shown
    assert ("Something new leaks" if code else "Nothing new leaks") in shown


def test_diff_tells_the_rates_in_objects_and_bytes(record, capsys) -> None:
    paths = record("before", LEAK, FOUND), record("after", grown(LEAK, 50), FOUND)
    leakwatch("diff", *paths)
    shown = capsys.readouterr().out
    assert (
        "+250 per 1,000 responses, 6.5 MB  →  +50 per 1,000 responses, 1.3 MB" in shown
    )
    leakwatch("diff", "--json", *paths)
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["turn"], change["signature"]) == ("shrunk", "7296c8ac")
    assert change["before"]["bytes_per_1000_responses"] == 250 * 25_900
    assert change["after"]["per_1000_responses"] == 50


def test_diff_says_what_a_recovered_leak_is(record, capsys) -> None:
    after = record("after", LEAK, RECOVERED)
    assert leakwatch("diff", record("before", LEAK), after) == 0
    assert "GONE " in capsys.readouterr().out


@pytest.mark.parametrize("short", ["before", "after"])
def test_diff_refuses_what_was_too_short(short, record, capsys) -> None:
    lengths = {"before": 40, "after": 40} | {short: 5}
    paths = [record(name, samples=count) for name, count in lengths.items()]
    assert leakwatch("diff", *paths) == 4
    shown = capsys.readouterr().out
    assert f"Measured too little to compare: {short}: 5 samples" in shown
    assert leakwatch("diff", "--json", *paths) == 4
    assert "5 samples" in json.loads(capsys.readouterr().out)["refused"]


def test_diff_refuses_where_the_old_leak_could_not_have_shown(record, capsys) -> None:
    slow = grown(LEAK, 20)
    paths = record("before", slow), record("after", samples=40)
    assert leakwatch("diff", *paths) == 4
    assert "crawl 5,000 pages or more" in capsys.readouterr().out
    assert leakwatch("diff", paths[0], record("after", samples=400)) == 0


END = {"type": "summary", "time": START + 400, "stats": {}, "verdicts": []}
UNRELEASED = grown({**LEAK, "kind": "unreleased", "subject": "DelayedCall"}, 0)


def test_diff_refuses_where_what_is_not_given_back_could_not_be_told(
    record, capsys
) -> None:
    before = record("before", UNRELEASED, END)
    assert leakwatch("diff", before, record("killed")) == 4
    shown = capsys.readouterr().out
    assert "after: it did not close, and what is not given back shows only" in shown
    assert "GONE" not in shown
    assert leakwatch("diff", before, record("closed", END)) == 0
    assert "GONE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("count", "turn"), [(1, "SHRUNK"), (1200, "SAME"), (9000, "GROWN")]
)
def test_diff_compares_how_much_was_not_given_back(count, turn, record, capsys) -> None:
    after = record("after", {**UNRELEASED, "count": count}, END)
    assert leakwatch("diff", record("before", UNRELEASED, END), after) == 0
    shown = capsys.readouterr().out
    assert f"\n{turn} " in shown
    assert f"left      1,200 at the end  →  {count:,} at the end" in shown
    assert "per 1,000 responses" not in shown


def test_diff_says_what_a_recording_lacks(record, capsys) -> None:
    before, after = record("before", END), record("after")
    with Path(before).open("a") as file:
        file.write("{broken\n")
    leakwatch("diff", before, after)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].strip() == "1 lines of it make no sense and were left out"
    assert [line[:5] for line in lines[::2][:2]] == ["befor", "after"]
    assert lines[3].strip() == "still running, or killed"


def test_too_few_responses_are_too_little(record, capsys) -> None:
    slow = {"config": {"LEAKWATCH_INTERVAL": 1.0, "LEAKWATCH_MIN_OBJECTS": 10_000}}
    leakwatch("show", record("slow", **slow))
    shown = capsys.readouterr().out
    assert "responses came after the second sample, and the rules need 10000" in shown
    assert "Healthy" not in shown


def test_responses_that_came_early_in_a_long_crawl_are_counted(record, capsys) -> None:
    quiet = [
        {**synthetic.sample(number), "received": 500 if number > 1 else 0}
        for number in range(2000)
    ]
    leakwatch("show", record("long", *quiet, samples=0))
    assert "Healthy: nothing leaks." in capsys.readouterr().out


def test_a_crawl_that_was_not_watched_is_not_called_healthy(
    record, tmp_path, capsys
) -> None:
    looks = {"type": "looks", "time": START + 900, "due": 90, "failed": 50}
    path = record("blind", looks | {"reason": "OSError: Too many open files"})
    leakwatch("show", path)
    shown = capsys.readouterr().out
    assert "Unwatched: 50 of 90 looks at it failed (OSError: Too many open" in shown
    assert "Healthy" not in shown
    leakwatch("report", path)
    assert "Unwatched: 50 of 90" in (tmp_path / "blind.html").read_text()
    assert leakwatch("diff", path, path) == 4


def test_errors_early_in_a_long_crawl_leave_it_watched(record, capsys) -> None:
    looks = {"type": "looks", "time": START + 90, "due": 9, "failed": 5, "reason": "x"}
    leakwatch("show", record("soon", looks))
    assert "Healthy: nothing leaks." in capsys.readouterr().out


def test_show_and_the_page_say_alike_what_was_too_short(
    record, tmp_path, capsys
) -> None:
    path = record("short", samples=5)
    leakwatch("show", path)
    leakwatch("report", path)
    said = "Measured too little: 5 samples, and the rules need 6"
    assert said in capsys.readouterr().out
    assert said in (tmp_path / "short.html").read_text()
