"""``scrapy leakwatch top``: with a screen and without."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.report import live
from tests.commanding import (
    FOUND,
    HOSTILE,
    IMPORTS,
    LEAK,
    SCRAPY,
    leakwatch,
)
from tests.conftest import SLOW
from tests.test_attach import at, needs_remote_control, start, traces

__all__ = ["start"]  # the fixture
ROWS, COLUMNS = 40, 110
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


class Terminal:
    """A command on a screen, with somebody who reads and presses keys."""

    def __init__(self, *argv: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(theirs)[3]
        self._theirs = theirs
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRAPY, *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": IMPORTS, "TERM": "xterm"},
        )
        self.raw = ""

    def press(self, key: str) -> None:
        self.raw = ""
        os.write(self._ours, key.encode())

    def wait_for(self, *wanted: str) -> str:
        deadline = time.monotonic() + 60
        while not all(each in self.seen for each in wanted):
            assert time.monotonic() < deadline, self.seen
            assert self._read() or self.process.poll() is None, self.ended()
        return self.seen

    @property
    def seen(self) -> str:
        return ESCAPES.sub("", self.raw)

    def ended(self) -> tuple[int, str]:
        while self.process.poll() is None:
            self._read()
        return self.process.wait(), self.process.stderr.read().decode()

    def echoes(self) -> bool:
        return termios.tcgetattr(self._theirs)[3] == self.before

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.2)[0]:
            return False
        self.raw += os.read(self._ours, 65536).decode("utf-8", "replace")
        return True


@pytest.fixture
def terminal():
    with contextlib.ExitStack() as stack:

        def terminal(*argv: str) -> Terminal:
            opened = Terminal(*argv)
            stack.callback(opened.close)
            return opened

        yield terminal


def test_without_a_screen_there_is_one_snapshot(record, capsys) -> None:
    assert leakwatch("top", record("leaking", LEAK, FOUND)) == 0
    shown = capsys.readouterr().out
    assert "HtmlResponse" in shown
    assert "Requests   " in shown
    assert "LEAK: HtmlResponse is leaking" in shown
    assert "\x1b" not in shown


@needs_remote_control
def test_a_running_crawl_has_a_snapshot_too(start, tmp_path, capsys) -> None:
    job = start("Healthy", EXTENSIONS={}, **SLOW)
    before = traces(job)
    assert leakwatch("top", *at(tmp_path)) == 0  # it is the only one
    assert "healthy (scrapybot)" in capsys.readouterr().out
    assert traces(job) == before


def test_what_is_not_there_is_told_in_one_line(tmp_path, capsys) -> None:
    assert leakwatch("top", str(tmp_path / "none.jsonl")) == 1
    assert "does not exist" in capsys.readouterr().err


def test_a_recording_is_shown_until_q_is_pressed(record, terminal) -> None:
    screen = terminal("top", record("leaking", LEAK, FOUND))
    screen.wait_for("HtmlResponse", "LEAK: ", "q: quit")
    screen.press("q")
    assert screen.ended() == (0, "")
    assert screen.echoes()  # the terminal is as it was


@needs_remote_control
def test_a_running_crawl_is_asked_who_holds_a_class(start, tmp_path, terminal) -> None:
    job = start(EXTENSIONS={})
    screen = terminal("top", job.id[:12], *at(tmp_path))
    screen.wait_for("HtmlResponse", "w: who holds it")
    for _ in range(30):  # at first most of them wait, and nobody is to blame for those
        screen.press("w")
        shown = screen.wait_for("Answer")
        if "held by" in shown:
            break
        time.sleep(1)
    assert "held by" in shown
    assert "asking who holds Request" in shown  # the most numerous
    assert "the crawl goes on meanwhile" in shown
    screen.press("q")
    assert screen.ended() == (0, "")
    assert traces(job)["ours"] == []


@pytest.fixture
def crawl(record):
    return recordings.read(record("leaking", LEAK, FOUND))


@pytest.mark.parametrize("size", [(110, 40), (60, 20), (30, 8), (20, 1)])
@pytest.mark.parametrize("answer", ["", "held by  " + "Request.meta " * 30])
def test_a_frame_fits_its_screen(crawl, size, answer) -> None:
    view = live.View(answer=answer, keys="q")
    lines = live.frame(crawl, "", view, size)
    assert len(lines) <= max(size[1], 2)
    assert all(len(line.text) <= size[0] for line in lines)
    assert lines[-1].text == "q"


def test_a_question_under_way_shows_how_long(crawl) -> None:
    view = live.View(asking="asking who holds Request", seconds=12.3)
    lines = live.frame(crawl, "", view, (110, 40))
    assert (
        "asking who holds Request, 12 s; the crawl goes on meanwhile" in lines[-2].text
    )


def test_the_marked_class_stands_out(crawl) -> None:
    cls = crawl.last.live[0]
    lines = live.frame(crawl, "", live.View(marked=cls.path), (110, 40))
    (marked,) = [line for line in lines if line.style == "reverse"]
    assert marked.text.startswith(cls.name)


def test_a_crawl_that_has_no_sample_yet_is_shown(crawl) -> None:
    lines = live.frame(replace(crawl, last=None), "", live.View(), (110, 40))
    assert "No sample was taken yet." in [line.text for line in lines]


def test_a_hostile_name_can_not_act_on_the_screen(record, terminal) -> None:
    hostile = {**LEAK, "subject": HOSTILE, "message": HOSTILE}
    screen = terminal("top", record("hostile", hostile, spider=HOSTILE))
    screen.wait_for("[red]evil[/red]", "q: quit")
    assert "\x1b[2J\x1b]0;owned" not in screen.raw
    assert "\u202e" not in screen.raw
    screen.press("q")
    assert screen.ended() == (0, "")
