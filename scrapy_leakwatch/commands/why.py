"""``scrapy leakwatch why``: what leaks and what to do about it, for programs too."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import session
from scrapy_leakwatch.commands.attach import add_job, chosen, interruptible
from scrapy_leakwatch.commands.exits import CLEAN, CommandError
from scrapy_leakwatch.commands.printing import say, say_json
from scrapy_leakwatch.commands.recorded import is_recording, read
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report.lines import FAINT, Line
from scrapy_leakwatch.report.machine.answer import answer, schema
from scrapy_leakwatch.report.machine.sarif import sarif
from scrapy_leakwatch.report.machine.text import text

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.commands.asked import Asked

HELP = (
    "Say what leaks, who holds it, the line and the fix: of a recording, or of a crawl"
    " that runs; --json for programs"
)
FORMS = ("text", "json", "sarif")
WATCHED_S = 60.0
POLL_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add_job(parser)
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        default=WATCHED_S,
        metavar="SECONDS",
        help="how long to watch a crawl that runs without LeakWatch, unless an owner is"
        f" found before (default: {WATCHED_S:g})",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "--json",
        action="store_true",
        help="one document of at most 8 kB, as --schema says",
    )
    forms.add_argument(
        "--format",
        choices=FORMS,
        default="text",
        help="text (as is without it), json, or sarif for code scanners",
    )
    forms.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of --json"
    )


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Say it."""
    if opts.schema:
        sys.stdout.write(schema())
        return CLEAN
    if opts.job is not None and is_recording(opts.job):
        crawl = read(opts.job)
        found = answer(crawl, too_little(crawl))
    else:
        interruptible()
        with chosen(opts.job, settings) as job:
            found = _asked(job, opts.seconds)
    tell(found, "json" if opts.json else opts.format)
    return CLEAN


def tell(found: dict[str, Any], form: str) -> None:
    """Print a document of `answer` in the form that was asked for."""
    if form == "text":
        say(text(found))
    else:
        say_json(sarif(found) if form == "sarif" else found)


def _asked(job: Asked, seconds: float) -> dict[str, Any]:
    """Ask the LeakWatch of a crawl; where it has none, one of ours, until it knows."""
    found = session.answer(job)
    if found is not None:
        return found
    say(
        [Line(f"Watching for up to {seconds:g} s; Ctrl-C ends that.", FAINT)],
        sys.stderr,
    )
    end = time.monotonic() + seconds
    with Session(job) as watching, suppress(KeyboardInterrupt):
        while True:
            found = session.answer(job) or found
            over = not watching.alive or time.monotonic() >= end
            if over or any(each["owner"] for each in (found or {}).get("answers", ())):
                break
            time.sleep(POLL_S)
            watching.stay()
    if found is None:
        raise CommandError(session.NO_ANSWER)
    return found
