"""The screen of ``top``: draws, reads keys, and asks in a thread of its own."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import threading
import time
import tty
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.session import ask
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report import live, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.commands.asked import Asked
    from scrapy_leakwatch.records import Crawl
    from scrapy_leakwatch.report.lines import Line

KEY_S = 0.25
"""How long to wait for a key before the screen is drawn anew."""
READ_S = 1.0
"""At most so often the recording is read, and a tenth of the time at most."""
LONGEST = 2000
KEYS = "up, down: choose a class   w: who holds it   h: heap profile   q: "
NO_KEYS = "(it can't be asked: no remote control, or it has ended)   q: "
UP, DOWN = ("k", "\x1b[A", "\x1bOA"), ("j", "\x1b[B", "\x1bOB")
ONE_KEY = re.compile(r"\x1b[\[O].|.", re.DOTALL)
QUIT = ("q", "Q", "\x03", "\x04", "")


class Source(Protocol):
    """What is shown: a recording, and its crawl where it can be asked."""

    @property
    def job(self) -> Asked | None:
        """Return the crawl to ask."""

    def crawl(self) -> Crawl:
        """Return what was recorded so far."""

    def stay(self) -> None:
        """Tell the crawl that somebody looks."""


class Shown(Protocol):
    """What a terminal shows, and takes keys."""

    def drawn(self, width: int, height: int) -> Iterable[Line]:
        """Return the lines of a screen of so many columns and rows."""

    def press(self, key: str | None) -> bool:
        """Take a key, None where none was pressed; return whether that was the last."""


def show(what: Shown) -> None:
    """Show it until a key ends that."""
    console = Console(highlight=False, markup=False, emoji=False)
    with keys() as key, Live(console=console, screen=True, auto_refresh=False) as on:
        while True:
            lines = what.drawn(console.width, console.height)
            on.update(painted(lines), refresh=True)
            pressed = key(KEY_S)
            if pressed in QUIT or what.press(pressed):
                return


def painted(lines: Iterable[Line]) -> Text:
    """Return lines as they are shown. No text in them can do more than be read."""
    clean = [Text(redact.text(each.text, LONGEST), each.style) for each in lines]
    return Text("\n", no_wrap=True, overflow="crop").join(clean)


class Screen:
    """A live view of one crawl, for `show`; ``leave`` is what q does, in a word."""

    def __init__(self, source: Source, leave: str = "quit") -> None:
        self._source = source
        self._leave = leave
        self._crawl = source.crawl()
        self._read_next = 0.0
        self._marked = ""
        self._asked = ""
        self._since = 0.0
        self._answer = ""

    def _look(self) -> None:
        if time.monotonic() < self._read_next:
            return
        begun = time.monotonic()
        self._crawl = self._source.crawl()
        self._source.stay()
        took = time.monotonic() - begun
        self._read_next = time.monotonic() + max(READ_S, 10 * took)

    def drawn(self, width: int, height: int) -> list[Line]:
        """Return the lines of the screen, read anew now and then."""
        self._look()
        view = live.View(
            marked=self._path(),
            asking=self._asked,
            seconds=time.monotonic() - self._since,
            answer=self._answer,
            keys=(KEYS if self._source.job else NO_KEYS) + self._leave,
        )
        return live.frame(self._crawl, too_little(self._crawl), view, (width, height))

    def _path(self) -> str:
        """Return the path of the marked class, at first that of the first."""
        paths = [each.path for each in tables.alive(self._crawl)]
        if self._marked not in paths:
            self._marked = paths[0] if paths else ""
        return self._marked

    def press(self, key: str | None) -> bool:
        """Choose a class, or ask."""
        if key in UP or key in DOWN:
            self._move(1 if key in DOWN else -1)
        elif key == "w" and self._path():
            name = self._path().rpartition(".")[2]
            self._ask("why", self._path(), f"asking who holds {name}")
        elif key == "h":
            self._ask("heap", None, "taking a heap profile")
        return False

    def _move(self, step: int) -> None:
        self._answer = ""
        paths = [each.path for each in tables.alive(self._crawl)]
        if self._path():
            self._marked = paths[(paths.index(self._marked) + step) % len(paths)]

    def _ask(
        self, question: Literal["why", "heap"], name: str | None, said: str
    ) -> None:
        job = self._source.job
        if job is None or self._asked:
            return
        self._asked, self._since, self._answer = said, time.monotonic(), ""

        def answer() -> None:
            try:
                self._answer = ask(job, question, name)
            except CommandError as error:
                self._answer = str(error)
            finally:
                self._asked = ""

        threading.Thread(target=answer, daemon=True).start()


class _Keys(Protocol):
    def __call__(self, within_s: float) -> str | None: ...


@contextmanager
def keys() -> Iterator[_Keys]:
    """Give what reads a key, None where none is pressed in time, empty at the end."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    pressed: deque[str] = deque()

    def key(within_s: float) -> str | None:
        if not pressed:
            if not select.select([terminal], [], [], within_s)[0]:
                return None
            several = os.read(terminal, 16).decode("utf-8", "replace")
            pressed.extend(ONE_KEY.findall(several) or [""])
        return pressed.popleft()

    tty.setcbreak(terminal)
    try:
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
