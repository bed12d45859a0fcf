"""``scrapy leakwatch doctor``: what works here and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands.exits import CLEAN, UNWATCHED
from scrapy_leakwatch.commands.printing import say, say_json, width
from scrapy_leakwatch.report import doctor as words

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

HELP = (
    "Say what works here and what does not, each with cause and remedy: this machine,"
    " this Python, and the settings of the project"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--json", action="store_true", help="for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Examine and print it; 4: no crawl can be watched here."""
    from scrapy_leakwatch import doctor  # noqa: PLC0415, it needs all of LeakWatch

    examined = doctor.examine(settings)
    if opts.json:
        say_json(words.as_json(examined))
    else:
        say(words.lines(examined, width()))
    return UNWATCHED if any(each.prevents for each in examined) else CLEAN
