"""How a crawl may end: in order, by a signal, by force, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.faults.fault import ENDING, STATUS, Fault
from tests.faults.moments import later

if TYPE_CHECKING:
    from pathlib import Path

WITH_REPORT = {"LEAKWATCH_RECORD": None, "LEAKWATCH_REPORT": "report.html"}


def sent(number: int, times: int = 1):
    """Return the strike that sends this process a signal while a child looks."""

    def send() -> None:
        os.kill(os.getpid(), number)

    def strike(moments) -> None:
        for each in range(times):
            moments.look(lambda crawler, at=each: later(0.2 * at, send))

    return strike


def close(moments) -> None:
    moments.look(close_now)


def close_now(crawler) -> None:
    from scrapy_leakwatch.internals.versions import close_spider

    close_spider(crawler, "closed_by_the_project")


def close_twice(moments) -> None:
    moments.look(close_now)
    moments.look(lambda crawler: later(0.01, lambda: close_now(crawler)))


def stop_twice(moments) -> None:
    moments.look(lambda crawler: crawler.stop())
    moments.look(lambda crawler: crawler.stop())


def close_at_once(moments) -> None:
    moments.open(close_now)


def leave(moments) -> None:
    moments.look(lambda crawler: os._exit(3))


def crash(moments) -> None:
    def strike(crawler) -> None:
        from twisted.internet import reactor

        reactor.getThreadPool().stop()  # or they keep the process
        reactor.crash()

    moments.look(strike)


def raise_in_the_reactor(moments) -> None:
    def strike() -> None:
        raise SystemExit(5)

    moments.look(lambda crawler: later(0, strike))


def shows(place: Path) -> list[str]:
    """Say what is wrong with what is shown of a crawl that was killed."""
    shown = subprocess.run(
        [sys.executable, "-m", "scrapy", "leakwatch", "show", "record.jsonl"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if shown.returncode not in (0, 1) or "Traceback" in shown.stderr:
        return [f"show ended with {shown.returncode}: {shown.stderr[-500:]}"]
    if "killed" not in shown.stdout:
        return [f"show does not say that it was killed: {shown.stdout[:500]}"]
    return []


def next_run_sweeps(place: Path) -> list[str]:
    """Say what a later crawl leaves of one that was killed."""
    import tempfile

    from scrapy_leakwatch.crawl.own_folder import sweep

    before = tempfile.tempdir
    tempfile.tempdir = str(place / "tmp")
    try:
        for path in (place / "tmp").iterdir():
            os.utime(path, (0, 0))
        sweep()
    finally:
        tempfile.tempdir = before
    return [f"not swept: {path.name}" for path in (place / "tmp").iterdir()]


ENDINGS = (
    Fault(
        name="sigterm",
        story="SIGTERM while a child looks",
        strike=sent(signal.SIGTERM),
        same=ENDING,
    ),
    Fault(
        name="sigterm_twice",
        story="SIGTERM twice: the process ends by force",
        strike=sent(signal.SIGTERM, 2),
        same=STATUS,
        unheard=True,
    ),
    Fault(
        name="sigint",
        story="Ctrl-C while a child looks",
        strike=sent(signal.SIGINT),
        same=ENDING,
    ),
    Fault(
        name="sigkill",
        story="kill -9 while a child looks; then it is shown",
        strike=sent(signal.SIGKILL),
        same=STATUS,
        then=shows,
    ),
    Fault(
        name="sigkill_with_a_report",
        story="kill -9; the next crawl sweeps what it left",
        strike=sent(signal.SIGKILL),
        settings=WITH_REPORT,
        same=STATUS,
        leaves=("tmp/leakwatch-report-*",),
        then=next_run_sweeps,
    ),
    Fault(
        name="left_by_force",
        story="os._exit while a child looks",
        strike=leave,
        same=STATUS,
    ),
    Fault(
        name="closed_during_a_look",
        story="the project closes the spider while a child looks",
        strike=close,
        same=ENDING,
    ),
    Fault(
        name="closed_twice",
        story="the spider is closed twice",
        strike=close_twice,
        same=ENDING,
    ),
    Fault(
        name="stopped_twice",
        story="the crawler is stopped twice",
        strike=stop_twice,
        same=ENDING,
    ),
    Fault(
        name="closed_at_once",
        story="the spider is closed as it opens",
        strike=close_at_once,
        same=ENDING,
    ),
    Fault(
        name="reactor_crashes",
        story="the reactor crashes while a child looks",
        strike=crash,
        same=STATUS,
        unheard=True,
    ),
    Fault(
        name="exits_in_the_reactor",
        story="the project raises SystemExit in the reactor",
        strike=raise_in_the_reactor,
        same=STATUS,
    ),
    Fault(
        name="callback_never_ends",
        story="callbacks never end, so only SIGTERM twice ends the crawl",
        spider="NeverEnds",
        strike=sent(signal.SIGTERM, 2),
        same=STATUS,
        unheard=True,
    ),
)
