"""``scrapy leakwatch diff``: what has changed between two crawls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands.exits import CLEAN, LEAKS, TOO_LITTLE
from scrapy_leakwatch.commands.printing import say, say_json, width
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.judge.comparison import compare
from scrapy_leakwatch.report import comparison

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

HELP = "Compare two recordings: what leaks anew, what no longer does, what it costs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("before", help="the recording of the earlier crawl")
    parser.add_argument("after", help="the recording of the later crawl")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Compare them; 3: something new leaks, 4: too short to tell."""
    before, after = read(opts.before), read(opts.after)
    found = compare(before, after)
    if opts.json:
        say_json(comparison.as_json(before, after, found))
    else:
        say(comparison.comparison(before, after, found, width()))
    if found.refused:
        return TOO_LITTLE
    return LEAKS if found.failing else CLEAN
