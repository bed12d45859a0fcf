"""``scrapy leakwatch top``: a live view of a crawl."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import remote
from scrapy_leakwatch.commands.attach import add_job, chosen, interruptible
from scrapy_leakwatch.commands.exits import CLEAN
from scrapy_leakwatch.commands.printing import say, width
from scrapy_leakwatch.commands.recorded import is_recording, read
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report import live

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.records import Crawl

HELP = (
    "Watch a running crawl: what is alive, who owns it, the memory, the verdicts;"
    " without a terminal, once, as plain text"
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


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Show it until q is pressed."""
    with ExitStack() as stack:
        source: Recorded | Session
        if opts.job is not None and is_recording(opts.job):
            source = Recorded(Path(opts.job), settings)
        else:
            interruptible()
            job = stack.enter_context(chosen(opts.job, settings))
            source = stack.enter_context(Session(job))
        if has_screen():
            from scrapy_leakwatch.commands.screen import Screen  # noqa: PLC0415

            Screen(source).run()
        else:
            crawl = source.crawl()
            say(live.snapshot(crawl, too_little(crawl), width()))
    return CLEAN


def has_screen() -> bool:
    """Tell whether there is a terminal to draw on and to read keys from."""
    try:
        import termios  # noqa: F401, PLC0415, not on Windows
    except ImportError:
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()
