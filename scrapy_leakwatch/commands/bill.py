"""``scrapy leakwatch bill``: who has the memory of a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import session
from scrapy_leakwatch.commands.attach import add_job, chosen, interruptible
from scrapy_leakwatch.commands.exits import CLEAN, ERROR, CommandError
from scrapy_leakwatch.commands.printing import say, say_json
from scrapy_leakwatch.commands.recorded import LONGEST, is_recording, read
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.records import NoBill
from scrapy_leakwatch.report import bill
from scrapy_leakwatch.report.lines import HEADING, each

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.commands.asked import Asked
    from scrapy_leakwatch.records import Bill, Crawl

HELP = (
    "Print who has the memory, an owner a line: of a running crawl now, or the last"
    " that a recording has"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add_job(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Print it; 1: there is none."""
    if opts.job is not None and is_recording(opts.job):
        crawl = read(opts.job)
        found, text = _recorded(crawl), bill.of_crawl(crawl)
        where = f"{crawl.path}: "
    else:
        interruptible()
        with chosen(opts.job, settings) as job:
            found = _taken(job)
        where, text = "", bill.table(found)
    if opts.json:
        say_json(writing.of_bill(found))
        return ERROR if isinstance(found, NoBill) else CLEAN
    if isinstance(found, NoBill):
        raise CommandError(redact.text(where + text, LONGEST))
    say(each(text, HEADING))
    return CLEAN


def _recorded(crawl: Crawl) -> Bill | NoBill:
    found = bill.fullest(crawl)
    if found is None:
        reason = (
            f"{crawl.path} has no memory bill: one is taken once memory has grown,"
            " with LEAKWATCH_BILL and this version or a newer one. Name another"
            " recording, or a crawl that runs."
        )
        raise CommandError(redact.text(reason, LONGEST))
    return found


def _taken(job: Asked) -> Bill | NoBill:
    """Have a crawl take one, with a LeakWatch of ours where it has none."""
    found = session.bill(job)
    if found is None:
        with Session(job):
            found = session.bill(job)
    if found is None:
        raise CommandError(session.NO_BILL)
    return found
