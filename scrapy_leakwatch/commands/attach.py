"""``scrapy leakwatch attach``: a crawl that runs, also one without LeakWatch."""

from __future__ import annotations

import re
import signal
import sys
import time
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import processes, remote
from scrapy_leakwatch.commands.exits import CLEAN, LEAKS, CommandError
from scrapy_leakwatch.commands.printing import say
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.commands.wired import wired
from scrapy_leakwatch.judge.comparison import accused
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.report import terminal
from scrapy_leakwatch.report.lines import FAINT, Line, each

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager
    from types import FrameType

    from scrapy.settings import Settings

    from scrapy_leakwatch.commands.asked import Asked
    from scrapy_leakwatch.commands.remote import Job
    from scrapy_leakwatch.records import Crawl

HELP = (
    "List your running crawls, or attach LeakWatch to one: print what is alive, the"
    " verdicts and who holds what, until Ctrl-C, and detach without a trace"
)
NONE = "No crawl of yours runs with a remote control; name another by its pid."
PID = re.compile("[0-9]{1,9}")
POLL_S = 1.0
PATIENCE_S = 5.0
"""How long a verdict waits for the line that says who holds it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("job", nargs="?", help="an id as listed, a pid, or a spider")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help="detach after so long, not only at Ctrl-C or the end of the crawl",
    )


def add_job(parser: argparse.ArgumentParser) -> None:
    """Have a command take a recording, or what `chosen` takes."""
    parser.add_argument(
        "job",
        nargs="?",
        help="a recording, or a running crawl as 'attach' lists them: its id, pid or"
        " spider; may be left out where only one runs",
    )


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """List the crawls, or watch one; 3: it leaks."""
    if opts.job is None:
        say(listed(remote.jobs(settings)))
        return CLEAN
    interruptible()
    with chosen(opts.job, settings) as job, Session(job) as session:
        say([*each(session.status()), Line()])
        told = _follow(session, opts.seconds)
        crawl = session.crawl()
        _tell(crawl, told, patience_s=0)
        say([terminal.conclusion(crawl, too_little(crawl))])
    return LEAKS if accused(crawl) else CLEAN


def listed(running: list[Job]) -> list[Line]:
    """Return a line for each crawl."""
    if not running:
        return [Line(NONE, FAINT)]
    return [Line(_described(job)) for job in running]


def _described(job: Job) -> str:
    since = datetime.fromtimestamp(job.started, timezone.utc)
    return (
        f"{job.id}  {job.spider} ({job.project}), pid {job.pid},"
        f" Scrapy {job.scrapy_version}, since {since:%Y-%m-%d %H:%M:%S} UTC"
    )


def chosen(name: str | None, settings: Settings) -> AbstractContextManager[Asked]:
    """Give the crawl with a name to ask, without one the only one that runs.

    A number is that of a process: one without a remote control is attached to.
    """
    if name is None:
        running = remote.jobs(settings)
        if len(running) != 1:
            say(listed(running), sys.stderr)
            raise CommandError("Name a crawl that runs, or a recording.")
        return nullcontext(running[0])
    number, _, which = name.partition(":")
    pid = int(number) if PID.fullmatch(number) else 0
    if pid and (which or _has_no_remote_control(pid, settings)):
        return wired(pid, which)
    return nullcontext(remote.job_named(name, settings))


def _has_no_remote_control(pid: int, settings: Settings) -> bool:
    return processes.is_one(pid) and remote.job_of(pid, settings) is None


def _follow(session: Session, seconds: float | None) -> int:
    """Print the verdicts as they come, and return how many."""
    end = None if seconds is None else time.monotonic() + seconds
    told = 0
    try:
        while session.alive and (end is None or time.monotonic() < end):
            crawl = session.crawl()
            told += _tell(crawl, told, PATIENCE_S)
            if crawl.complete:
                break
            time.sleep(POLL_S)
            session.stay()
    except KeyboardInterrupt:
        pass
    return told


def _tell(crawl: Crawl, already: int, patience_s: float) -> int:
    count = 0
    for told in crawl.told[already:]:
        young = time.time() - told.time < patience_s
        if told.verdict.signature and told.found is None and young:
            break
        say([*terminal.verdict(told), Line()])
        count += 1
    return count


def interruptible() -> None:
    """Have a request to end undo first what was done, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP"):  # the terminal was closed; not on Windows
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt
