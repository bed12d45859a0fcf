"""``scrapy leakwatch run``: a crawl under watch, with a verdict at its end."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from scrapy.utils.spider import iter_spider_classes

from scrapy_leakwatch.addon import enable
from scrapy_leakwatch.commands import recycle
from scrapy_leakwatch.commands.exits import (
    CLEAN,
    LEAKS,
    TOO_LITTLE,
    UNFINISHED,
    CommandError,
)
from scrapy_leakwatch.commands.printing import say
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.commands.report import write
from scrapy_leakwatch.commands.why import FORMS, tell
from scrapy_leakwatch.crawl.guard import logger
from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.foundation.files import named
from scrapy_leakwatch.foundation.traces import trace_of
from scrapy_leakwatch.judge.comparison import accused
from scrapy_leakwatch.judge.ending import ending
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.recordings.earlier import latest
from scrapy_leakwatch.records import Trace
from scrapy_leakwatch.recycle.plan import RSS, plan_of
from scrapy_leakwatch.recycle.process import prepare
from scrapy_leakwatch.report import terminal
from scrapy_leakwatch.report.ending import lines
from scrapy_leakwatch.report.lines import FAINT, Line
from scrapy_leakwatch.report.machine.annotations import github
from scrapy_leakwatch.report.machine.answer import answer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings, Settings

    from scrapy_leakwatch.records import Crawl

HELP = (
    "Crawl under watch, write a recording and a report, and end with the verdict:"
    " exit code 0 clean, 3 leaks, 4 measured too little, 1 error"
)
RECORD = "leakwatch/%(name)s-%(time)s.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("spider", help="a spider of the project, or a .py file")
    parser.add_argument(
        "--record",
        metavar="FILE",
        help=f"the recording (default: LEAKWATCH_RECORD, or {RECORD})".replace(
            "%", "%%"
        ),
    )
    parser.add_argument(
        "--no-report", action="store_true", help="make no HTML report beside it"
    )
    parser.add_argument(
        "--format",
        choices=FORMS,
        default="text",
        help="print the verdict as text, or as 'why' does: json, sarif",
    )
    parser.add_argument(
        "--annotate",
        choices=("github",),
        help="print the lines that put each warning on its line of a pull request too",
    )
    recycle.add_arguments(parser)


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:
    """Crawl, and return what came out."""
    if refusal := collector.refusal():
        raise CommandError(f"LeakWatch can't watch: {refusal}.")
    _watch(settings)
    crawler = _crawler(opts.spider, process)
    _watch(crawler.settings)  # the spider may have set them anew
    _record(crawler.settings, opts.record)
    if opts.plan:
        return _crawl_a_part(crawler, opts, process)
    if opts.recycle:
        path, finished = recycle.run(crawler, opts)
        code = _tell_of(read(path), opts, _page(crawler))
        return code if finished else UNFINISHED
    if opts.format == "text":
        _say_what_ended_the_last(crawler)
    errors = _crawl(crawler, opts, process)
    from scrapy_leakwatch.extension import LeakWatch  # noqa: PLC0415, as it watches

    watch = crawler.get_extension(LeakWatch) if crawler.extensions else None
    if watch is None:
        raise CommandError("LeakWatch could not begin: the log has the reason.")
    if watch.record is None:
        raise CommandError("There is no recording: the log has the reason.")
    opts.no_report |= bool(crawler.settings["LEAKWATCH_REPORT"])  # it wrote its own
    code = _tell_of(read(watch.record), opts)
    if errors:
        raise CommandError("LeakWatch could not see all of it: its log has the error.")
    return UNFINISHED if _is_at_limit(crawler) else code


def _is_at_limit(crawler: Crawler) -> bool:
    """Tell whether it closed at its limit of memory, and can go on from its JOBDIR."""
    stats = crawler.stats
    reason = stats.get_value("finish_reason") if stats is not None else None
    return reason == RSS and bool(crawler.settings["JOBDIR"])


def _crawl(crawler: Crawler, opts: argparse.Namespace, process: Any) -> int:
    """Crawl, and return how many errors LeakWatch had."""
    with _errors() as errors:
        process.crawl(crawler, **opts.spargs)
        process.start()
    if process.bootstrap_failed or crawler.spider is None:
        raise CommandError("The crawl could not begin: its log has the error.")
    return errors.count


def _crawl_a_part(crawler: Crawler, opts: argparse.Namespace, process: Any) -> int:
    """Crawl as one of several processes; the supervisor says what came out."""
    prepare(crawler.settings, plan_of(opts.plan))
    _crawl(crawler, opts, process)
    return CLEAN


def _page(crawler: Crawler) -> str | None:
    """Return where LEAKWATCH_REPORT has the page, None where it has none."""
    template = crawler.settings["LEAKWATCH_REPORT"]
    return str(named(str(template), crawler.spidercls.name)) if template else None


def _tell_of(crawl: Crawl, opts: argparse.Namespace, page: str | None = None) -> int:
    """Print the verdict, write the report and return the exit code."""
    _conclude(crawl, opts.format)
    if page or not opts.no_report:
        _report(crawl, page, quiet=opts.format != "text")
    if opts.annotate:
        _annotate(crawl, sys.stdout if opts.format == "text" else sys.stderr)
    return _exit_code(crawl)


def _say_what_ended_the_last(crawler: Crawler) -> None:
    """Say what ended the crawl before, if it did not close."""
    spider = crawler.spidercls.name
    path = latest(str(crawler.settings["LEAKWATCH_RECORD"]), spider)
    if path is None:
        return
    with suppress(CommandError):
        last = read(path)
        ended = ending(last, trace_of(last.run.pid, last.run.process))
        if ended is not None and last.run.spider == spider:
            heading = Line(f"The crawl before this one: {last.path}", FAINT)
            say([heading, *lines(ended), Line()])


def _exit_code(crawl: Crawl) -> int:
    if accused(crawl):
        return LEAKS
    return TOO_LITTLE if too_little(crawl) else CLEAN


def _conclude(crawl: Crawl, form: str) -> None:
    """Print the verdict."""
    if form != "text":
        tell(answer(crawl, too_little(crawl)), form)
        return
    ended = ending(replace(crawl, exited=crawl.ended), Trace(running=False))
    say(
        [
            *terminal.heading(crawl),
            *lines(ended),
            Line(),
            *terminal.verdicts(crawl, too_little(crawl)),
        ]
    )


def _report(crawl: Crawl, page: str | None, *, quiet: bool) -> None:
    """Write the report and say where, unless ``quiet``."""
    try:
        said = Line(f"Report: {write(crawl, page)}", FAINT)
        if not quiet:
            say([said])
    except CommandError as error:
        say([Line(str(error))], sys.stderr)


def _annotate(crawl: Crawl, file: TextIO) -> None:
    """Print what GitHub's runners read, of a step's errors as of its output."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    for line in github(answer(crawl, too_little(crawl)), workspace):
        file.write(f"{line}\n")


def _crawler(spider: str, process: Any) -> Crawler:
    cls = _spider_in(Path(spider)) if spider.endswith(".py") else spider
    if cls is spider and spider not in process.spider_loader.list():
        raise CommandError(
            f"There is no spider {spider!r}: name one of 'scrapy list', or a .py file;"
            " spiders of a project are found in its folder."
        )
    crawler: Crawler = process.create_crawler(cls)
    return crawler


def _watch(settings: BaseSettings) -> None:
    """Switch LeakWatch on, whatever the project or the spider has set."""
    enable(settings, priority="cmdline")
    settings.set("LEAKWATCH_ENABLED", True, priority="cmdline")


def _record(settings: BaseSettings, record: str | None) -> None:
    """Have a recording: as the command line says, the spider, or the project."""
    if record or settings.get("LEAKWATCH_RECORD") is None:
        settings.set("LEAKWATCH_RECORD", record or RECORD, priority="cmdline")


def _spider_in(path: Path) -> type[Spider]:
    """Return the spider of a file, as ``scrapy runspider`` does."""
    if not path.is_file():
        raise CommandError(f"{path} does not exist: name a spider, or its file.")
    sys.path.insert(0, str(path.resolve().parent))
    try:
        module = import_module(path.stem)
    except ImportError as error:
        raise CommandError(f"{path} can't be imported: {error}") from None
    finally:
        sys.path.pop(0)
    found = list(iter_spider_classes(module))
    if not found:
        raise CommandError(f"{path} has no spider with a name.")
    return found[-1]


class _Errors(logging.Handler):
    """Counts the errors that LeakWatch logs: what it then says is not all."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.count += 1


@contextmanager
def _errors() -> Iterator[_Errors]:
    handler = _Errors()
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
