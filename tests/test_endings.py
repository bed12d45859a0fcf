"""What is said of a crawl whose recording has no end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.foundation import traces
from scrapy_leakwatch.judge.ending import ending
from scrapy_leakwatch.records import Trace
from scrapy_leakwatch.report.ending import lines, what
from tests.conftest import recorded, start_crawl
from tests.test_limits import tree
from tests.test_stalled import PRELUDE

PATIENCE_S = 120
GROUP = "sys/fs/cgroup/job"
HERE = {
    "proc/self/cgroup": "0::/job\n",
    "proc/sys/kernel/random/boot_id": "f00d\n",
    f"proc/{os.getpid()}/stat": f"1 (a b) {'0 ' * 19}777 0\n",
    f"{GROUP}/memory.events": "low 0\noom 1\noom_kill 4\n",
}


def killed(shop, tmp_path, *numbers: int, spider="KeepsThem", prelude="", **settings):
    """Return the path of a recording, of a crawl ended by signals, and its status."""
    record = tmp_path / "record.jsonl"
    process = start_crawl(
        shop,
        tmp_path,
        spider,
        prelude=PRELUDE + prelude,
        LEAKWATCH_RECORD=str(record),
        LOG_FILE=str(tmp_path / "log"),
        **settings,
    )
    try:
        ends, seen = time.monotonic() + PATIENCE_S, 0
        while time.monotonic() < ends and process.poll() is None and seen < 5:
            time.sleep(0.1)
            with suppress(FileNotFoundError, ValueError):
                seen = len(recorded(record))
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.5)
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return record, process.returncode


def show(record, *args: str) -> str:
    command = [sys.executable, "-m", "scrapy", "leakwatch", "show", str(record), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(record, status=None, **known) -> str:
    crawl = recordings.read(record)
    trace = traces.trace_of(crawl.run.pid, crawl.run.process)
    return what(ending(crawl, replace(trace, status=status, **known)))


def test_a_killed_crawl_is_told_to_be_gone(shop, tmp_path) -> None:
    record, status = killed(shop, tmp_path, signal.SIGKILL)
    assert status == -signal.SIGKILL
    shown = show(record)
    assert "its process is gone, and it is not known what ended it" in shown
    assert "last seen" in shown
    assert said(record, status) == "killed by SIGKILL"
    found = json.loads(show(record, "--json"))["ending"]
    assert found["gone"]
    assert found["rss"] > 0


def test_a_crawl_that_is_told_twice_to_end_is_no_mystery(shop, tmp_path) -> None:
    record, _ = killed(shop, tmp_path, signal.SIGTERM, signal.SIGTERM)
    assert "as after a second SIGTERM or Ctrl-C" in show(record)


def test_a_process_that_leaves_at_once_tells_its_exit_code(shop, tmp_path) -> None:
    leave = "; import os, threading; threading.Timer(3, os._exit, [3]).start()"
    record, status = killed(shop, tmp_path, prelude=leave)
    assert status == 3
    assert said(record, status) == "its process ended with exit code 3"
    assert "it is not known what ended it" in show(record)


def test_a_last_line_that_is_cut_off_hides_nothing(shop, tmp_path) -> None:
    record, _ = killed(shop, tmp_path, signal.SIGKILL)
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) - 20])
    shown = show(record)
    assert "its process is gone" in shown
    assert "last seen" in shown


def test_a_crawl_that_closed_needs_no_word(crawl, tmp_path) -> None:
    record = tmp_path / "record.jsonl"
    crawl("Healthy", LEAKWATCH_RECORD=str(record))
    assert ending(recordings.read(record), Trace()) is None
    assert [line["type"] for line in recorded(record)][-1] == "summary"


def test_the_oom_killer_is_counted_since_the_crawl_began(tmp_path) -> None:
    tree(tmp_path, HERE)
    known = traces.own(tmp_path)
    assert (known.boot, known.started, known.oom_kills) == ("f00d", 777, 4)
    assert traces.trace_of(os.getpid(), known, tmp_path) == Trace(True, 0)
    tree(tmp_path, {f"{GROUP}/memory.events": "oom 2\noom_kill 5\n"})
    assert traces.trace_of(1, known, tmp_path) == Trace(False, 1)


@pytest.mark.parametrize(
    ("change", "trace"),
    [
        ({"boot": "another"}, Trace()),
        ({"boot": ""}, Trace()),
        ({"started": 778}, Trace(False, 0)),
        ({"group_id": 1}, Trace(True)),
    ],
    ids=["another start", "no Linux", "another process", "another group"],
)
def test_what_may_be_of_another_process_tells_nothing(tmp_path, change, trace) -> None:
    tree(tmp_path, HERE)
    known = replace(traces.own(tmp_path), **change)
    assert traces.trace_of(os.getpid(), known, tmp_path) == trace


def test_the_words_say_what_is_known_and_no_more(shop, tmp_path) -> None:
    record, _ = killed(shop, tmp_path, signal.SIGKILL)
    struck = said(record, -9, oom_kills=1)
    assert struck == (
        "killed by SIGKILL; the container's OOM killer struck 1 time since the crawl"
        " began"
    )
    crawl = recordings.read(record)
    last = replace(crawl.last, memory_limit=int(crawl.last.memory.rss * 1.01))
    full = ending(replace(crawl, last=last), Trace(running=False))
    assert what(full).endswith("; its memory was at the limit")
    assert "99 % of the limit" in [line.text for line in lines(full)][1]
    unknown = what(ending(crawl, Trace()))
    assert unknown == "it is not known what ended it, or whether it still runs"
    assert ending(crawl, Trace(running=True)) is None
