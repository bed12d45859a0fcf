"""``scrapy leakwatch report``: a recording, as a page of HTML."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands.exits import CLEAN, CommandError
from scrapy_leakwatch.commands.printing import say
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.report.lines import Line

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.records import Story

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
    story = read(opts.recording)
    say([Line(str(write(story, opts.output)))])
    return CLEAN


def write(story: Story, output: str | None = None) -> Path:
    """Write the report and return where it is. Raises `CommandError`."""
    path = Path(output) if output else story.path.with_suffix(".html")
    try:
        html = import_module("scrapy_leakwatch.report.html")
    except ModuleNotFoundError as error:
        raise CommandError(
            f"No report: this version of scrapy-leakwatch has none ({error})."
        ) from None
    try:
        written: Path = html.write(story, path)
    except html.ReportError as error:
        raise CommandError(str(error)) from None
    return written
