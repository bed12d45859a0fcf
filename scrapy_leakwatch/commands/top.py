"""``scrapy leakwatch top``: a live view of a crawl, or of all that run."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import remote
from scrapy_leakwatch.commands.attach import add_job, chosen, interruptible
from scrapy_leakwatch.commands.exits import CLEAN
from scrapy_leakwatch.commands.fleet import Fleet
from scrapy_leakwatch.commands.printing import say, say_json, width
from scrapy_leakwatch.commands.recorded import is_recording, read
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report import fleet as report
from scrapy_leakwatch.report import live, terminal

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.records import Crawl

HELP = (
    "Watch a running crawl: what is alive, who owns it, the memory, the verdicts; or"
    " all that run, the worst first; without a terminal, once, as plain text"
)


class Recorded:
    """A recording that is being written, and its crawl where it can be asked."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._size = -1
        crawl = self.crawl()
        self.job = None if crawl.complete else remote.job_of(crawl.run.pid, settings)

    def crawl(self) -> Crawl:
        """Return what was recorded so far, read anew when there is more."""
        try:
            size = self.path.stat().st_size
        except (OSError, ValueError):
            size = -1  # what is the matter, `read` says
        if size != self._size or size < 0:
            self._size = size
            self._crawl = read(self.path)
        return self._crawl

    def stay(self) -> None:
        """Nobody needs to know."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add_job(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="a line for each crawl that runs, as where there are several and none is"
        " named",
    )
    parser.add_argument("--once", action="store_true", help="print it once, and end")
    parser.add_argument("--json", action="store_true", help="once, for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Show it until q is pressed."""
    live_view = has_screen() and not (opts.once or opts.json)
    if opts.job is None and (opts.all or len(remote.job_files(settings)) > 1):
        _show_all(settings, live_view=live_view, json=opts.json)
        return CLEAN
    with ExitStack() as stack:
        source: Recorded | Session
        if opts.job is not None and is_recording(opts.job):
            source = Recorded(Path(opts.job), settings)
        else:
            interruptible()
            job = stack.enter_context(chosen(opts.job, settings))
            source = stack.enter_context(Session(job))
        if live_view:
            from scrapy_leakwatch.commands.screen import Screen, show  # noqa: PLC0415

            show(Screen(source))
            return CLEAN
        crawl = source.crawl()
        if opts.json:
            say_json(terminal.as_json(crawl, too_little(crawl)))
        else:
            say(live.snapshot(crawl, too_little(crawl), width()))
    return CLEAN


def _show_all(settings: Settings, *, live_view: bool, json: bool) -> None:
    """Show all crawls that run."""
    fleet = Fleet(settings)
    fleet.look()
    try:
        if live_view:
            from scrapy_leakwatch.commands import fleet_screen  # noqa: PLC0415

            interruptible()
            fleet_screen.FleetScreen(fleet).run()
            return
        fleet.wait()
    finally:
        fleet.end()
    running, now = report.ordered(fleet.running()), time.time()
    if json:
        say_json(report.as_json(running, fleet.left_out, fleet.unasked, now))
    else:
        say([*report.table(running, now), *report.notes(fleet.left_out, fleet.unasked)])


def has_screen() -> bool:
    """Tell whether there is a terminal to draw on and to read keys from."""
    try:
        import termios  # noqa: F401, PLC0415, not on Windows
    except ImportError:
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()
