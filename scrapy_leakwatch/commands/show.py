"""``scrapy leakwatch show``: a recording, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands.exits import CLEAN
from scrapy_leakwatch.commands.printing import say, say_json, width
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.foundation.traces import trace_of
from scrapy_leakwatch.judge.ending import ending
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report import terminal

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

HELP = "Show a recording in the terminal: verdicts, who holds what, what was alive"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("recording", help="a file that LEAKWATCH_RECORD made")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Show it."""
    crawl = read(opts.recording)
    ended = ending(crawl, trace_of(crawl.run.pid, crawl.run.process))
    reason = too_little(crawl)
    if opts.json:
        say_json(terminal.as_json(crawl, reason, ended))
    else:
        say(terminal.show(crawl, reason, width(), ended))
    return CLEAN
