"""``scrapy leakwatch``: crawls under watch, recordings shown and compared."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scrapy.exceptions import UsageError

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands import printing
from scrapy_leakwatch.commands.leakwatch import NAMES
from scrapy_leakwatch.recordings import earlier, writing
from scrapy_leakwatch.report.bill import table
from scrapy_leakwatch.report.lines import Line
from tests import synthetic
from tests.billing import BILL, FIRST, NO_BILL, OWNERS, ROWS
from tests.commanding import (
    FOUND,
    HERE,
    HOARD,
    HOSTILE,
    IMPORTS,
    LEAK,
    RECOVERED,
    SCRAPY,
    leakwatch,
)
from tests.synthetic import HTML, RUN

SPIDER = """
import spiders
class Spider(spiders.{base}):
    name = "shopper"
    custom_settings = {{"EXTENSIONS": {{"scrapy.extensions.memusage.MemoryUsage": 1}}}}
"""
QUICK = (
    *("-s", "LEAKWATCH_INTERVAL=0.1", "-s", "TELNETCONSOLE_ENABLED=False"),
    *("-s", "REMOTE_CONTROL_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"),
    *("-s", "CONCURRENT_REQUESTS_PER_DOMAIN=16", "-s", "LOG_LEVEL=INFO"),
)


@pytest.fixture
def run(shop, tmp_path):
    """Crawl the shop under watch, in a process of its own."""

    def run(base: str, *argv: str, **paths: str) -> subprocess.CompletedProcess[str]:
        spider = tmp_path / "shopper.py"
        spider.write_text((SPIDER + paths.get("more", "")).format(base=base))
        command = [
            *(sys.executable, "-c", SCRAPY, "run", paths.get("spider", str(spider))),
            *(*QUICK, "-a", f"shop={shop}", *argv),
        ]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env=os.environ | {"PYTHONPATH": IMPORTS}, check=False,
        )  # fmt: skip

    return run


def test_the_command_is_announced_to_scrapy() -> None:
    setup = configparser.ConfigParser()
    setup.read(HERE.parent / "setup.cfg")
    declared = setup["options.entry_points"]["scrapy.commands"]
    assert declared.strip() == "leakwatch = scrapy_leakwatch.commands.leakwatch:Command"


@pytest.mark.parametrize("name", NAMES)
def test_each_subcommand_has_help(name, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        leakwatch(name, "--help")
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize("argv", [(), ("show", "a", "--loud"), ("diff", "a", "b", "c")])
def test_a_command_line_that_makes_no_sense_is_refused(argv) -> None:
    with pytest.raises((UsageError, SystemExit)):
        leakwatch(*argv)


def test_a_leaking_crawl_ends_with_3_and_says_what_leaks(run, tmp_path) -> None:
    ended = run("Leaking")
    assert ended.returncode == 3, ended.stderr
    assert "LEAK: HtmlResponse is leaking" in ended.stdout
    assert "held by   Request.meta['referer']" in ended.stdout
    assert "INFO: Spider opened" in ended.stderr
    assert "INFO" not in ended.stdout
    assert "extensions.memusage.MemoryUsage" in ended.stderr  # still as the spider set
    report, recording = sorted((tmp_path / "leakwatch").iterdir())
    assert recording.name.startswith("shopper-")
    assert recordings.read(recording).complete
    assert report == recording.with_suffix(".html")
    assert f"Report: {report.relative_to(tmp_path)}" in ended.stdout
    assert "Request.meta" in report.read_text()


def test_a_healthy_crawl_ends_with_0(run, tmp_path) -> None:
    path = tmp_path / "kept.jsonl"
    settings = ("-s", "LEAKWATCH_ENABLED=False", "--no-report")
    ended = run("Healthy", "--record", str(path), *settings)
    assert ended.returncode == 0, ended.stderr
    assert "Healthy: nothing leaks." in ended.stdout
    assert recordings.read(path).complete


def test_a_crawl_is_told_what_ended_the_one_before(run, record, tmp_path) -> None:
    os.rename(record("killed", spider="shopper", pid=1), tmp_path / "kept.jsonl")
    short = ("-s", "CLOSESPIDER_PAGECOUNT=5", "-s", "LEAKWATCH_INTERVAL=60")
    first = run("Healthy", "--no-report", "--record", "kept.jsonl", *short)
    assert first.returncode == 4, first.stderr
    before = first.stdout.partition("Measured too little")[0]
    assert "The crawl before this one: kept.jsonl\nIt did not close: " in before
    assert "last seen" in before
    second = run("Healthy", "--no-report", "--record", "kept.jsonl", *short)
    assert "The crawl before" not in second.stdout  # that one closed


@pytest.mark.parametrize(
    ("template", "latest"),
    [
        ("%(name)s-%(time)s.jsonl", "shop-2.jsonl"),
        ("%(name)s.jsonl", "shop-2.jsonl"),
        ("[a].jsonl", "[a].jsonl"),
        ("none.jsonl", None),
        ("%(nothing)s.jsonl", None),
        ("%", None),
    ],
)
def test_the_recording_before_is_the_newest_of_its_name(
    template, latest, tmp_path
) -> None:
    for age, name in enumerate(
        ("shop-2.jsonl", "shop-1.jsonl", "[a].jsonl", "a.jsonl")
    ):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "shop-3.jsonl").symlink_to("a.jsonl")
    (tmp_path / "shop-4.jsonl").mkdir()
    found = earlier.latest(str(tmp_path / template), "shop")
    assert (found.name if found else None) == latest


@pytest.mark.parametrize(
    ("argv", "name"), [((), "own.jsonl"), (("--record", "other.jsonl"), "other.jsonl")]
)
def test_the_recording_is_where_the_spider_says_or_the_command_line(
    run, tmp_path, argv, name
) -> None:
    own = '    custom_settings = {{"LEAKWATCH_RECORD": "own.jsonl"}}\n'
    short = ("-s", "CLOSESPIDER_PAGECOUNT=5", "-s", "LEAKWATCH_INTERVAL=60")
    ended = run("Healthy", "--no-report", *short, *argv, more=own)
    assert ended.returncode == 4, ended.stderr
    assert recordings.read(tmp_path / name).complete
    assert [path.name for path in tmp_path.rglob("*.jsonl")] == [name]


def test_a_crawl_that_was_too_short_is_not_called_healthy(run) -> None:
    ended = run("Healthy", "--no-report", "-s", "CLOSESPIDER_PAGECOUNT=5",
                "-s", "LEAKWATCH_INTERVAL=60")  # fmt: skip
    assert ended.returncode == 4, ended.stderr
    assert "Measured too little: " in ended.stdout
    assert "the rules need 6 (LEAKWATCH_MIN_SAMPLES + 2)" in ended.stdout
    assert "Healthy" not in ended.stdout


@pytest.mark.parametrize(
    ("spider", "argv", "said"),
    [
        ("nobody", (), "There is no spider 'nobody'"),
        ("nobody.py", (), "nobody.py does not exist"),
        ("", ("-s", "LEAKWATCH_INTERVAL=-1"), "LeakWatch could not begin"),
    ],
)
def test_a_crawl_that_can_not_be_watched_ends_with_1(run, spider, argv, said) -> None:
    paths = {"spider": spider} if spider else {}
    ended = run("Healthy", "-s", "CLOSESPIDER_PAGECOUNT=5", *argv, **paths)
    assert ended.returncode == 1
    assert said in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_show_tells_the_verdicts_and_what_was_alive(
    record, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert leakwatch("show", record("leaking", LEAK, FOUND)) == 0
    shown = capsys.readouterr().out
    assert "LEAK: HtmlResponse is leaking: 1,200 alive" in shown
    assert "put there shop/spiders/somenasty.py:21" in shown
    assert "still running, or killed" in shown
    assert "DedupPipeline.seen" in shown
    assert "▇█" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("said", "samples", "conclusion"),
    [
        ([], 40, "Healthy: nothing leaks."),
        ([LEAK], 2, "It leaks: 1 verdict to act on."),
        ([LEAK, HOARD], 40, "It leaks: 2 verdicts to act on."),
        ([{**LEAK, "suppressed": True}], 40, "Nothing leaks, 1 other verdict."),
        ([LEAK, RECOVERED], 40, "Healthy: nothing leaks, 1 withdrawn verdict."),
        ([], 5, "Measured too little: 5 samples, and the rules need 6"),
    ],
)
def test_show_concludes(said, samples, conclusion, record, capsys) -> None:
    leakwatch("show", record("crawl", *said, samples=samples))
    assert f"\n{conclusion}" in capsys.readouterr().out


def test_show_tells_a_verdict_without_a_message(record, capsys) -> None:
    leakwatch("show", record("mute", {**LEAK, "message": ""}))
    shown = capsys.readouterr().out
    assert "\nLEAK:" in shown
    assert "It leaks: 1 verdict to act on." in shown


def test_bill_shows_the_last_bill_of_a_recording(record, capsys) -> None:
    bills = map(writing.of_bill, (FIRST, BILL, NO_BILL))
    assert leakwatch("bill", record("grown", *bills)) == 0
    shown = capsys.readouterr().out
    failed = "  no bill since then: no answer within 30 s"
    assert shown == f"{table(BILL)}\n{failed}\n"


def test_bill_is_there_for_programs(record, capsys) -> None:
    path = record("grown", *map(writing.of_bill, (FIRST, BILL)))
    assert leakwatch("bill", path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == writing.of_bill(BILL)


def test_a_crawl_without_a_bill_is_told_in_one_line(record, capsys) -> None:
    assert leakwatch("bill", record("old", LEAK)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "old.jsonl has no memory bill: " in line
    failed = record("failed", writing.of_bill(NO_BILL))
    assert leakwatch("bill", failed) == 1
    assert capsys.readouterr().err == f"{failed}: No bill: no answer within 30 s\n"
    assert leakwatch("bill", failed, "--json") == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["failed"] == "no answer within 30 s"
    assert not shown.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("argv", [("show",), ("show", "--json")])
def test_a_full_disk_is_told_in_one_line(record, argv) -> None:
    command = [sys.executable, "-c", SCRAPY, *argv, record("leaking", LEAK)]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONPATH": IMPORTS},
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "can't write: No space left on device\n"


@pytest.mark.parametrize("command", ["show", "report", "bill", "top"])
@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".jsonl", "a\0b", "\udcff"])
def test_a_name_that_no_file_can_have_is_told_in_one_line(
    command, name, capsys
) -> None:
    assert leakwatch(command, name) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


def test_show_fits_a_narrow_terminal(record, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    leakwatch("show", record("healthy"))
    shown = capsys.readouterr().out
    table = shown[shown.index("class ") : shown.index("\n\nRequests")]
    assert max(map(len, table.splitlines())) <= 50
    assert "Healthy: nothing leaks." in shown


def test_show_is_there_for_programs(record, capsys) -> None:
    leakwatch("show", "--json", record("leaking", LEAK, FOUND))
    shown = json.loads(capsys.readouterr().out)
    assert shown["too_little"] is None
    assert shown["responses"] == synthetic.sample(39)["received"]
    (verdict,) = shown["verdicts"]
    assert (verdict["kind"], verdict["signature"]) == ("leak", "7296c8ac")
    assert verdict["found"]["holder"] == "Request.meta['referer']"
    assert HTML in shown["last"]["live"]


def test_report_writes_a_page(record, tmp_path, capsys) -> None:
    path = record("leaking", LEAK, FOUND)
    assert leakwatch("report", path) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'leaking.html'}\n"
    assert "somenasty" in (tmp_path / "leaking.html").read_text()
    assert leakwatch("report", path, "-o", str(tmp_path / "other.html")) == 0
    assert (tmp_path / "other.html").exists()


def test_a_report_in_place_of_its_recording_is_refused(
    record, tmp_path, capsys
) -> None:
    path = record("leaking", LEAK)
    page = tmp_path / "leaking.html"
    page.write_bytes(Path(path).read_bytes())
    for argv in ((path, "-o", path), (str(page),)):
        assert leakwatch("report", *argv) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "would replace a file of another kind: name another file" in line
        assert line.startswith("--output: " * ("-o" in argv) + "the report ")
    assert leakwatch("show", path) == leakwatch("show", str(page)) == 0


def test_a_report_that_can_not_be_written_is_told(record, tmp_path, capsys) -> None:
    assert leakwatch("report", record("leaking"), "-o", str(tmp_path)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_was_crawled_can_only_be_read(record, capsys) -> None:
    hostile = {**LEAK, "subject": HOSTILE, "message": HOSTILE, "example_url": HOSTILE}
    found = {**FOUND, "subject": HOSTILE, "holder": HOSTILE, "code": HOSTILE}
    place = replace(ROWS, path=HOSTILE, type=HOSTILE, location=HOSTILE)
    owner = replace(OWNERS[0], name=HOSTILE, paths=(place, place))
    bill = writing.of_bill(replace(BILL, owners=(owner,)))
    path = record("hostile", hostile, found, bill, spider=HOSTILE)
    leakwatch("show", path)
    leakwatch("bill", path)
    leakwatch("bill", record("failed", bill | {"failed": HOSTILE}))
    leakwatch("diff", record("before"), path)
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert "[red]evil[/red]" in shown
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
    assert not [line for line in shown.splitlines() if line.startswith("forged")]


def test_nothing_that_is_printed_can_act(capsys) -> None:
    printing.say([Line(HOSTILE, "bold")])  # such as what a crawl answers
    assert capsys.readouterr().out == (
        "\\x1b[2J\\x1b]0;owned\\x07[red]evil[/red]\\nforged \\u202eline\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("", "is empty"),
        ("no recording\n", "is no recording"),
        (json.dumps(RUN | {"schema": 99}) + "\n", "has schema 99"),
    ],
)
@pytest.mark.parametrize("name", ["show", "report", "bill"])
def test_a_bad_file_is_told_in_one_line(name, content, said, tmp_path, capsys) -> None:
    path = tmp_path / "bad.jsonl"
    if content is not None:
        path.write_text(content)
    assert leakwatch(name, str(path)) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not shown.out
