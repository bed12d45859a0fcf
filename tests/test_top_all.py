"""``scrapy leakwatch top`` where several crawls run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.commands import fleet, processes, remote
from scrapy_leakwatch.commands.fleet_screen import KEYS, FleetScreen
from scrapy_leakwatch.records import Running, Unasked, WorstLeak
from scrapy_leakwatch.report import fleet as report
from tests.commanding import HOSTILE, leakwatch
from tests.conftest import SLOW, start_crawl
from tests.test_attach import at, needs_remote_control, traces
from tests.test_top import Terminal, terminal

__all__ = ["terminal"]  # the fixture
WATCHED = {"LEAKWATCH_INTERVAL": 0.2, "LEAKWATCH_LOG_INTERVAL": 0, **SLOW}


@pytest.fixture
def start(shop, tmp_path):
    """Start crawls with a remote control, and return their jobs by their spider."""
    with contextlib.ExitStack() as stack:

        def start(*spiders: str, **settings: object) -> dict[str, remote.Job]:
            for spider in spiders:
                folder = tmp_path / spider
                folder.mkdir()
                process = start_crawl(
                    shop, folder, spider,
                    prelude=f"spiders.{spider}.pages = 0",
                    REMOTE_CONTROL_ENABLED=True,
                    REMOTE_CONTROL_JOBS_DIR=str(tmp_path / "jobs"),
                    **settings,
                )  # fmt: skip
                stack.callback(process.communicate)
                stack.callback(process.kill)
            deadline = time.monotonic() + 60
            while len(found := remote.jobs(settings_of(tmp_path))) < len(spiders):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            return {job.spider: job for job in found}

        yield start


def settings_of(tmp_path) -> Settings:
    return Settings({"REMOTE_CONTROL_JOBS_DIR": str(tmp_path / "jobs")})


def asked(tmp_path, capsys) -> dict[str, dict]:
    capsys.readouterr()
    assert leakwatch("top", "--json", *at(tmp_path)) == 0
    found = json.loads(capsys.readouterr().out)
    return {each["spider"]: each for each in found["crawls"]}


@needs_remote_control
def test_all_crawls_are_in_one_table_the_worst_first(start, tmp_path, capsys) -> None:
    jobs = start("Healthy", "Leaking", **WATCHED)
    deadline = time.monotonic() + 60
    while asked(tmp_path, capsys)["leaking"]["outcome"] != "leaks":
        assert time.monotonic() < deadline
    found = asked(tmp_path, capsys)
    assert found["leaking"]["worst"]["subject"] in {"HtmlResponse", "Request"}
    assert found["leaking"]["responses"] > 100
    assert found["leaking"]["rss"] > 10_000_000
    assert found["healthy"]["outcome"] in {"healthy", "too_little"}
    assert leakwatch("top", "--once", *at(tmp_path)) == 0
    head, first, second, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["spider", "pid"]
    for number, line, spider in ((1, first, "leaking"), (2, second, "healthy")):
        row = line.split()
        assert row[:4] == [str(number), spider, "(scrapybot)", str(jobs[spider].pid)]
    assert " act " in first


@needs_remote_control
def test_looking_at_all_crawls_leaves_nothing_in_one_without_leakwatch(
    start, tmp_path, capsys
) -> None:
    jobs = start("Healthy", "Leaking", EXTENSIONS={}, **SLOW)
    loaded = "import sys; print('scrapy_leakwatch.extension' in sys.modules)"
    found = asked(tmp_path, capsys)
    for job in jobs.values():
        assert remote.execute(job, loaded).strip() == "False"
        assert found[job.spider]["outcome"] is None
        assert found[job.spider]["responses"] >= 0
        assert traces(job)["ours"] == traces(job)["stash"] == []
    assert leakwatch("top", "--once", *at(tmp_path)) == 0
    assert capsys.readouterr().out.count("no watch") == 2


@needs_remote_control
def test_a_crawl_that_does_not_answer_delays_no_other(
    start, tmp_path, monkeypatch
) -> None:
    jobs = start("Healthy", "Leaking", **WATCHED)
    os.kill(jobs["healthy"].pid, signal.SIGSTOP)
    monkeypatch.setattr(remote, "ANSWERS_WITHIN_S", 20)
    crawls = fleet.Fleet(settings_of(tmp_path))
    try:
        crawls.look()
        deadline = time.monotonic() + 60
        while {each.spider: each.state for each in crawls.running()} != {
            "leaking": "answers",
            "healthy": "asked",  # and nobody waits for it
        }:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(jobs["healthy"].pid, signal.SIGCONT)
        crawls.end()


@needs_remote_control
def test_a_crawl_is_opened_from_the_table_and_left_again(
    start, tmp_path, terminal
) -> None:
    jobs = start("Healthy", "Leaking", EXTENSIONS={}, LEAKWATCH_INTERVAL=0.2, **SLOW)
    screen: Terminal = terminal("top", *at(tmp_path))
    screen.wait_for("healthy", "leaking", "Enter, or its number: open it")
    screen.press("j\r")  # as fast as that
    screen.wait_for("HtmlResponse", "Memory", "q: back")
    screen.press("q")
    screen.wait_for("Enter, or its number: open it")
    screen.press("1")
    screen.wait_for("Memory", "q: back")
    screen.press("q")
    screen.wait_for("Enter, or its number: open it")
    screen.press("q")
    assert screen.ended() == (0, "")
    assert screen.echoes()
    for job in jobs.values():
        assert traces(job)["ours"] == []


def job_file(folder, name: str, **more: object) -> None:
    """Leave what a crawl leaves, with this process for its own."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    told = {
        "pid": os.getpid(), "port": 9, "token": "t", "spider": name, "project": "p",
        "start_time": time.time(), "scrapy_version": "2.19.0", **more,
    }  # fmt: skip
    path.touch(0o600)
    path.write_text(json.dumps(told))


@needs_remote_control
def test_what_answers_with_anything_else_is_told_as_that(
    tmp_path, capsys, monkeypatch
) -> None:
    def overview(job: remote.Job) -> str:
        return {
            "garbage": "{", "list": "[]", "empty": "{}",
            "endless": "[" * 100_000,
            "number": '{"responses": "many", "verdicts": null}',
            "answers": '{"responses": 3, "verdicts": {"outcome": "", "answers": 7}}',
            "good": '{"responses": 3, "verdicts": {"outcome": "told", "answers": []}}',
        }[job.spider]  # fmt: skip

    monkeypatch.setattr(remote.Job, "overview", overview)
    names = ["garbage", "list", "empty", "endless", "number", "answers", "good"]
    for name in names:
        job_file(tmp_path / "jobs", name)
    found = asked(tmp_path, capsys)
    assert {name: each["state"] for name, each in found.items()} == {
        name: "answers" if name == "good" else "failed" for name in names
    }
    assert found["good"]["outcome"] == "told"
    assert "is no document of a LeakWatch" in found["garbage"]["reason"]


@needs_remote_control
def test_an_end_that_only_listens_is_no_answer(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(remote, "ANSWERS_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name in ("one", "two"):
            job_file(tmp_path / "jobs", name, port=server.getsockname()[1])
        found = asked(tmp_path, capsys)
        assert [each["state"] for each in found.values()] == ["silent", "silent"]
        leakwatch("top", "--once", *at(tmp_path))
        assert capsys.readouterr().out.count("no answer") == 2


@needs_remote_control
def test_what_a_crawl_that_is_gone_has_left_is_passed_over(tmp_path, capsys) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    job_file(tmp_path / "jobs", "ended", pid=ended.pid)
    began = psutil.Process().create_time()
    job_file(tmp_path / "jobs", "reused", start_time=began - 3600)
    assert leakwatch("top", "--all", "--once", *at(tmp_path)) == 0
    assert capsys.readouterr().out.startswith("No crawl of yours runs")


def test_threads_end_when_nobody_is_asked_any_more(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remote.Job, "overview", lambda job: "{}")
    monkeypatch.setattr(
        remote, "remote_control_jobs", lambda settings: tmp_path / "jobs"
    )
    job_file(tmp_path / "jobs", "one")
    before = threading.active_count()
    crawls = fleet.Fleet(Settings())
    crawls.look()
    crawls.wait()
    assert threading.active_count() == before + 1
    crawls.end()
    deadline = time.monotonic() + 30
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_no_more_crawls_are_asked_than_there_may_be(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remote.Job, "overview", lambda job: "{}")
    monkeypatch.setattr(
        remote, "remote_control_jobs", lambda settings: tmp_path / "jobs"
    )
    monkeypatch.setattr(fleet, "MOST", 2)
    for number in range(5):
        job_file(tmp_path / "jobs", f"crawl{number}")
    crawls = fleet.Fleet(Settings())
    crawls.look()
    assert (len(crawls.running()), crawls.left_out) == (2, 3)
    crawls.end()


@pytest.mark.parametrize(
    ("argv", "crawls"),
    [
        (["/usr/bin/python3", "/venv/bin/scrapy", "crawl", "shop"], True),
        (["python", "-m", "scrapy", "runspider", "a.py"], True),
        (["python", "-m", "scrapyd.runner", "crawl", "shop"], True),
        (["scrapy", "leakwatch", "run", "shop"], True),
        (["scrapy", "leakwatch", "top"], False),
        (["scrapy", "shell"], False),
        (["vim", "scrapy", "notes"], False),
        (["scrapy"], False),
        ([], False),
    ],
)
def test_a_crawl_is_known_by_its_command(argv, crawls) -> None:
    assert processes._crawls(argv) is crawls


FORKS = """
import os, sys
child = os.fork()
if child:
    print(child, flush=True)
sys.stdin.read()
"""
STARTS = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@pytest.mark.parametrize("started", [(), (sys.executable, "-c", STARTS)])
def test_a_crawl_without_remote_control_is_told_once_with_what_it_lacks(
    tmp_path, capsys, started
) -> None:
    script = tmp_path / "scrapy"
    script.write_text(FORKS)
    argv = [*started, sys.executable, str(script), "crawl", "shop"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        forked = int(first.stdout.readline())
        crawl = psutil.Process(forked).ppid()
        found = [each.pid for each in processes.that_crawl(set()) if each.user is None]
        assert crawl in found
        assert not {forked, *({first.pid} - {crawl})} & set(found)
        assert crawl not in [each.pid for each in processes.that_crawl({crawl})]
        assert leakwatch("top", "--all", "--once", *at(tmp_path)) == 0
        first.stdin.close()
    out = capsys.readouterr().out
    assert "No remote control: " in out


CRAWL = Running("a1", "shop", "somenasty", 4711, 1000.0, "answers", 193_100_000, 12_345)
WORST = WorstLeak(
    "leak", "HtmlResponse", "Request.meta['referer']", "shop.py:21", "7296"
)


def test_the_table_has_the_worst_first_and_then_the_largest() -> None:
    rest = [
        replace(CRAWL, id="healthy", outcome="healthy"),
        replace(CRAWL, id="leaks", outcome="leaks", worst=WORST),
        replace(CRAWL, id="larger", outcome="leaks", rss=900_000_000, worst=WORST),
        replace(CRAWL, id="silent", outcome="healthy", state="silent"),
        replace(CRAWL, id="asked", state="asked"),
        replace(CRAWL, id="unwatched"),
        replace(CRAWL, id="told", outcome="told"),
    ]
    assert [crawl.id for crawl in report.ordered(rest)] == [
        "larger", "leaks", "silent", "told", "healthy", "asked", "unwatched",
    ]  # fmt: skip


def test_a_row_has_what_tells_how_a_crawl_is() -> None:
    crawl = replace(CRAWL, outcome="leaks", worst=WORST)
    _, row = report.table([crawl], now=4900.0)
    assert row.text.split() == [
        "1", "somenasty", "(shop)", "4711", "1h05m", "12,345", "193.1", "MB", "act",
        "HtmlResponse", "(leak)", "Request.meta['referer']", "shop.py:21",
    ]  # fmt: skip
    (_, unknown) = report.table([replace(CRAWL, rss=None, responses=None)], 4900.0)
    assert unknown.text.split()[5:] == ["-", "-", "no", "watch"]


@pytest.mark.parametrize("height", [1, 5, 12, 40])
@pytest.mark.parametrize("marked", [0, 15, 29])
def test_the_marked_crawl_is_on_the_screen(height, marked) -> None:
    crawls = [replace(CRAWL, id=str(number)) for number in range(30)]
    rows = list(report.table(crawls, 4900.0, marked=str(marked)))
    foot = [report.Line(), report.Line("keys")]
    lines = report.frame(rows, marked, foot, height)
    assert len(lines) <= height
    assert lines[-1].text == "keys"
    if height > len(foot) + 2:
        assert [line.style for line in lines].count("reverse") == 1


def test_what_is_not_in_the_table_is_said_with_what_it_takes() -> None:
    unasked = [*(Unasked(number, None) for number in range(8)), Unasked(9, "bob")]
    more, own, others = (line.text for line in report.notes(3, unasked))
    assert more == "and 3 more crawls that are not asked"
    assert own.startswith("No remote control: 0, 1, 2, 3, 4 and 3 more. Scrapy 2.19")
    assert others == "Of other users, who alone can ask: 9 (bob)."


@needs_remote_control
def test_a_hostile_name_can_not_act(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(remote.Job, "overview", lambda job: HOSTILE)
    job_file(tmp_path / "jobs", "evil", spider=HOSTILE, project=HOSTILE)
    assert leakwatch("top", "--all", "--once", *at(tmp_path)) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_the_table_on_a_screen_has_room_for_the_worst_of_the_chosen() -> None:
    leaks = replace(CRAWL, id="leaks", outcome="leaks", worst=WORST)
    crawls = SimpleNamespace(
        look=lambda: None,
        running=lambda: [replace(CRAWL, id="fine", outcome="healthy"), leaks],
        left_out=0,
        unasked=[],
    )
    screen = FleetScreen(crawls)
    said = "HtmlResponse (leak)  Request.meta['referer']  shop.py:21"
    assert [line.text for line in screen.drawn(80, 24)][-2:] == [said, KEYS]
    assert not screen.press("j")
    assert [line.text for line in screen.drawn(80, 24)][-2:] == ["", KEYS]
    assert not screen.press("3")  # there is none
    assert screen.press("1")
