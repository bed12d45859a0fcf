"""The screen of ``top`` over all crawls, from which one is opened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.screen import DOWN, UP, Screen, show
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.report import fleet as report
from scrapy_leakwatch.report.lines import FAINT, TOLD, Line
from scrapy_leakwatch.report.live import wrapped

if TYPE_CHECKING:
    from scrapy_leakwatch.commands.fleet import Fleet

KEYS = "up, down: choose a crawl   Enter, or its number: open it   q: quit"
ENTER = ("\r", "\n")


class FleetScreen:
    """A live table of the crawls, for `show`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._ids: list[str] = []
        self._marked = ""
        self._opened = ""
        self._said = ""

    def run(self) -> None:
        """Show the table, and each crawl that is chosen, until q is pressed there."""
        while True:
            self._opened = ""
            show(self)
            if not self._opened:
                return
            self._open()

    def drawn(self, width: int, height: int) -> list[Line]:
        """Return the lines of the screen."""
        self._fleet.look()
        running = report.ordered(self._fleet.running())
        self._ids = [crawl.id for crawl in running]
        if self._marked not in self._ids:
            self._marked = self._ids[0] if self._ids else ""
        rows = list(report.table(running, time.time(), self._marked))
        # A narrow screen has no room for it in the table.
        said = self._said or (report.worst(running[self._at()]) if running else "")
        notes = report.notes(self._fleet.left_out, self._fleet.unasked)
        foot = [*notes, Line(said, TOLD), Line(KEYS, FAINT)]
        return report.frame(rows, self._at(), list(wrapped(foot, width)), height)

    def press(self, key: str | None) -> bool:
        """Choose a crawl; tell whether it is to be opened."""
        if key is None or not self._ids:
            return False
        self._said = ""
        if key in UP or key in DOWN:
            step = 1 if key in DOWN else -1
            self._marked = self._ids[(self._at() + step) % len(self._ids)]
        elif key in ENTER:
            self._opened = self._marked
        elif key.isdecimal() and 0 < int(key) <= len(self._ids):
            self._opened = self._marked = self._ids[int(key) - 1]
        return bool(self._opened)

    def _at(self) -> int:
        return self._ids.index(self._marked) if self._marked else 0

    def _open(self) -> None:
        job = self._fleet.job(self._opened)
        if job is None:
            return
        try:
            with Session(job) as session:
                show(Screen(session, leave="back"))
        except CommandError as error:
            self._said = str(error)
