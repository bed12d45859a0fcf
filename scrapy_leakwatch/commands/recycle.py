"""``scrapy leakwatch run --recycle``: a crawl in several processes, one after another.

Each process is `scrapy leakwatch run` itself, with a `Plan`. It closes at its limit,
and leaves the requests that wait in the folder of the job; the next goes on from there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.printing import say
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.config import Config, ConfigError
from scrapy_leakwatch.foundation.files import named
from scrapy_leakwatch.foundation.traces import trace_of
from scrapy_leakwatch.judge.ending import ending
from scrapy_leakwatch.observe.limits import MEGABYTE, limits, of_container
from scrapy_leakwatch.recordings.joining import Joiner
from scrapy_leakwatch.recordings.lines import UnreadableRecording
from scrapy_leakwatch.recordings.writing import Recording, RecordingError
from scrapy_leakwatch.recycle.feeds import at_risk
from scrapy_leakwatch.recycle.files import mend
from scrapy_leakwatch.recycle.job import DONE
from scrapy_leakwatch.recycle.plan import (
    GOES_ON,
    REFUSED,
    RSS,
    STOPPED,
    End,
    Plan,
    end_of,
)
from scrapy_leakwatch.recycle.store import Store
from scrapy_leakwatch.report.amounts import size
from scrapy_leakwatch.report.ending import lines, of_status
from scrapy_leakwatch.report.lines import FAINT, HEADING, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from scrapy_leakwatch.config import Auto
    from scrapy_leakwatch.records import Crawl

MOST_IN_VAIN = 3
"""Processes in a row that get through no page before the whole is given up."""
FOLDER = "leakwatch/%(name)s-%(time)s.job"
_FACTORS = {"": 1 / 1024**2, "K": 1 / 1024, "M": 1.0, "G": 1024.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?)(?:I?B)?", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes, besides what `run` does."""
    group = parser.add_argument_group("Several processes, one after another")
    group.add_argument(
        "--recycle",
        action="store_true",
        help="crawl in a process of its own, and when it is at its limit, or killed, go"
        " on in a fresh one from JOBDIR, until the spider is finished; what a spider"
        " or a feed does as it closes, it does once in each",
    )
    group.add_argument(
        "--max-rss",
        type=_megabytes,
        default=0,
        metavar="SIZE",
        help="the memory of a process and its children, such as 600M or 1.5G"
        " (default: LEAKWATCH_RSS_LIMIT_MB, or 90 %% of the container's limit)",
    )
    group.add_argument(
        "--max-pages", type=_pages, default=0, metavar="N", help="of one process"
    )
    group.add_argument(
        "--lose-requests",
        action="store_true",
        help="go on where requests can't be written to disk: those that wait as a"
        " process ends are lost",
    )
    group.add_argument("--plan", default="", help=argparse.SUPPRESS)


def _megabytes(text: str) -> float:
    found = _SIZE.fullmatch(text.strip())
    size = float(found[1]) * _FACTORS[found[2].upper()] if found else 0.0
    if not size:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 600M or 1.5G")
    return size


def _pages(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pages from 1 on")
    return int(text)


def limit_mb(settings: BaseSettings, opts: argparse.Namespace) -> float | Auto:
    """Return the limit of a process; ``auto`` leaves room for this one beside it."""
    limit: float | Auto = opts.max_rss or settings.get("LEAKWATCH_RSS_LIMIT_MB") or 0
    if not limit and not opts.max_pages:
        limit = "auto"
    if limit != "auto" or (container := limits(settings).container) is None:
        return limit
    memory = psutil.Process().memory_info()
    private = memory.rss - getattr(memory, "shared", 0)
    return max(of_container(container, private) / MEGABYTE, 1.0)


class Part(NamedTuple):
    """One process: ``status`` as of `subprocess`, ``end`` if it closed in order.

    ``done`` requests are those that it got through with, ``pending`` those that wait.
    """

    status: int
    end: End | None
    done: int
    pending: int

    @property
    def reason(self) -> str:
        """Return why it ended."""
        return self.end.reason if self.end is not None else of_status(self.status)

    @property
    def goes_on(self) -> bool:
        """Tell whether another process is to go on."""
        return self.end is None or self.end.reason in GOES_ON


def run(crawler: Crawler, opts: argparse.Namespace) -> tuple[Path, bool]:
    """Crawl; return the recording of the whole, and whether nothing is left to do.

    Raises `CommandError`.
    """
    try:
        Config.from_settings(crawler.settings)
    except ConfigError as error:
        raise CommandError(f"{error}.") from None
    given = crawler.settings.get("JOBDIR")
    folder = Path(given or named(FOLDER, crawler.spidercls.name))
    if not given:
        _tell(f"The requests that wait are kept in {folder}.")
    for uri in at_risk(crawler.settings.getdict("FEEDS")):
        _tell(
            f"The feed {uri} is stored as a process closes: one that is killed takes"
            " its items with it. Write to a file, and store that when all is done."
        )
    try:
        record = Recording(
            str(crawler.settings["LEAKWATCH_RECORD"]), crawler.spidercls.name
        )
    except RecordingError as error:
        raise CommandError(str(error)) from None
    job = _Job(crawler, folder, record, opts)
    job.crawl()
    record.close()
    if not given and job.is_finished and not job.pending:
        shutil.rmtree(folder, ignore_errors=True)
    return record.path, job.is_finished


class _Job:
    """The processes of a crawl, and what they leave."""

    def __init__(
        self,
        crawler: Crawler,
        folder: Path,
        record: Recording,
        opts: argparse.Namespace,
    ) -> None:
        self._folder = folder
        self._joiner = Joiner(record.write)
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupted = 0
        self._record_failed = False
        self._plan = Plan(
            process=self._begin(),
            job=str(folder),
            record=f"{record.path}.part",
            supervisor=os.getpid(),
            rss_limit_mb=limit_mb(crawler.settings, opts),
            max_pages=opts.max_pages,
            loses=opts.lose_requests,
        )
        self.is_finished = False
        self.pending = 0

    def _begin(self) -> int:
        """Return the number of the first process; what is finished begins anew."""
        with _store(self._folder) as store:
            last = end_of(store.noted("end"))
            if last is not None and last.reason not in {*GOES_ON, STOPPED}:
                store.note("stats", None)
                if not last.pending:
                    store.begin_anew()
            mend(store)
            number: int = store.noted("processes", 0)
            return number

    def crawl(self) -> None:
        """Have one process after the other, until the spider is finished."""
        try:
            with self._signals():
                part = self._crawl()
        finally:
            self._joiner.end()
        self.is_finished = not part.goes_on and part.reason != STOPPED
        self.pending = part.pending
        if part.end is not None and part.end.reason == REFUSED:
            raise CommandError(_refused(part.end))
        if self._interrupted and not self.is_finished:
            _tell(
                f"{part.pending:,} requests wait: the same command goes on with"
                f" -s JOBDIR={self._folder}"
            )

    def _crawl(self) -> Part:
        """Return the last process."""
        why, in_vain = "", 0
        while True:
            part = self._run_one()
            self._keep(why)
            number, why = self._plan.process + 1, part.reason
            try:
                self._tell_end(part, number)
            finally:
                self._remove_part()
            in_vain = 0 if part.done else in_vain + 1
            if self._interrupted or not part.goes_on:
                return part
            if in_vain >= MOST_IN_VAIN:
                raise CommandError(self._vain(part))
            self._plan = replace(self._plan, process=number)

    def _run_one(self) -> Part:
        with _store(self._folder) as store:
            before = store.noted(DONE, 0)
            store.note("end", None)
            store.note("processes", self._plan.process + 1)
        # Scrapy has taken the name of the command out.
        command = [sys.executable, "-m", _program(), "leakwatch", *sys.argv[1:]]
        command += ["--plan", self._plan.as_text()]
        if self._plan.process:
            command += ["-s", "LOG_FILE_APPEND=True"]
        # In a session of its own, Ctrl-C reaches it from here alone.
        self._process = subprocess.Popen(  # noqa: S603, this very command again
            command, start_new_session=True
        )
        if self._interrupted:  # meanwhile
            self._process.send_signal(signal.SIGINT)
        status = self._process.wait()
        with _store(self._folder) as store:
            end = end_of(store.noted("end"))
            begun = store.noted("begun") == self._plan.process
            done, pending = store.noted(DONE, 0), store.pending()
            mend(store)
        if end is None and not begun and status >= 0:  # nobody has killed it
            self._remove_part()
            raise CommandError("The crawl could not begin: its log has the error.")
        return Part(status, end, done - before, pending)

    def _keep(self, why: str) -> None:
        """Add what a process recorded to the recording of the whole."""
        try:
            self._joiner.add(Path(self._plan.record), why)
        except UnreadableRecording:
            pass  # it had no time to write any
        except RecordingError as error:
            if not self._record_failed:
                _tell(str(error))
            self._record_failed = True

    def _recorded(self) -> Crawl | None:
        """Return what a process recorded, which is in the whole by now."""
        path = Path(self._plan.record)
        with suppress(CommandError):
            return read(path)
        return None

    def _tell_end(self, part: Part, number: int) -> None:
        pages = f"{part.done:,} page{'s' * (part.done != 1)}"
        said = (
            f"Process {number}: {pages}, {part.reason}; {part.pending:,} requests wait"
        )
        style = FAINT if part.end is not None else HEADING
        say([Line(said, style)], sys.stderr)
        crawl = self._recorded() if part.end is None or part.reason == RSS else None
        if crawl is None:
            return
        if part.end is not None:
            _check_limit(crawl)
            return
        trace = trace_of(crawl.run.pid, crawl.run.process)
        found = ending(crawl, replace(trace, running=False, status=part.status))
        say(list(lines(found)), sys.stderr)

    def _remove_part(self) -> None:
        Path(self._plan.record).unlink(missing_ok=True)

    def _vain(self, part: Part) -> str:
        return (
            f"{MOST_IN_VAIN} processes in a row ended without a page, the last one"
            f" {part.reason}: the log has what they did; the requests that wait are in"
            f" {self._folder}."
        )

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Hand on what should stop the crawl: once in order, twice at once."""

        def stop(number: int, _: Any) -> None:
            self._interrupted += 1
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)

        stopping = [signal.SIGINT, signal.SIGTERM]
        before = {number: signal.signal(number, stop) for number in stopping}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _program() -> str:
    """Return the module that runs the command, Scrapy's unless it is another's."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None or spec.name.startswith("scrapy."):
        return "scrapy"
    return str(spec.name)


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    try:
        with closing(Store(folder)) as store:
            yield store
    except (sqlite3.Error, OSError) as error:
        raise CommandError(
            f"{folder} can't be used as JOBDIR ({error}): another process may work on"
            " it, or there is no room."
        ) from None


def _check_limit(crawl: Crawl) -> None:
    """Raise `CommandError` where a process has more than the limit as it begins."""
    begun = next(iter(crawl.timeline.memory.get("rss", ())), None) or 0
    limit = crawl.last.memory_limit if crawl.last is not None else None
    if limit is not None and begun >= limit:
        raise CommandError(
            f"A process has {size(begun)} before its first page, and its limit is"
            f" {size(limit)}: give it more with --max-rss."
        )


def _refused(end: End) -> str:
    what = "; ".join(end.refused)
    return (
        "Requests would be lost between two processes, for they can't be written to"
        f" disk: {what}. Make callbacks methods of the spider and meta plain data, or"
        " go on with --lose-requests."
    )


def _tell(text: str) -> None:
    say([Line(text, FAINT)], sys.stderr)
