"""``scrapy leakwatch report``: a recording, as a page of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands.exits import CLEAN, CommandError
from scrapy_leakwatch.commands.printing import say
from scrapy_leakwatch.commands.recorded import LONGEST, read
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report.lines import Line

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from scrapy.settings import Settings

    from scrapy_leakwatch.records import Crawl

HELP = "Make an HTML report of a recording, one file that needs no network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("recording", help="a file that LEAKWATCH_RECORD made")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to; beside the recording by default",
    )


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Write it, and say where it is."""
    crawl = read(opts.recording)
    say([Line(str(write(crawl, opts.output)))])
    return CLEAN


def write(crawl: Crawl, output: str | None = None) -> Path:
    """Write the report and return where it is. Raises `CommandError`."""
    # Jinja2 takes time that the other subcommands should keep.
    from scrapy_leakwatch.report import html  # noqa: PLC0415

    try:
        path = output or crawl.path.with_suffix(".html")
        return html.write(crawl, path, too_little(crawl))
    except html.ReportError as error:
        option = "--output: " if output else ""
        raise CommandError(option + redact.text(str(error), LONGEST)) from None
