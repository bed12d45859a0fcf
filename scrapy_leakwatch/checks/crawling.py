"""Starts a spider in a process of its own, and fails the test that asked for it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from scrapy_leakwatch.checks.checked import Checked, checked, complaint, read
from scrapy_leakwatch.checks.job import Job
from scrapy_leakwatch.foundation.traces import trace_of
from scrapy_leakwatch.judge.ending import ending
from scrapy_leakwatch.report.ending import what

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scrapy import Spider

    from scrapy_leakwatch.records import Crawl, Trace

TIMEOUT_S = 60.0
TAIL = 30
"""Lines of the log in the message where there is nothing better to say."""


class Crawling:
    """The fixture: calling it crawls. A process can run only one reactor.

    ``compare`` says of a healthy crawl why the test fails nevertheless, if so.
    """

    def __init__(
        self, folder: Path, compare: Callable[[Crawl], str] | None = None
    ) -> None:
        self._folder = folder
        self._compare = compare
        self._numbers = count(1)

    def __call__(
        self,
        spider: type[Spider],
        /,
        *,
        settings: Mapping[str, Any] | None = None,
        timeout: float = TIMEOUT_S,
        **arguments: Any,
    ) -> Checked:
        """Crawl with ``arguments``, and return what was seen if it is healthy.

        The settings are those of the project in the current folder, if any, then
        the spider's, then ``settings``. The test fails if something leaks, if
        too little was measured to tell, or if the crawl takes more than
        ``timeout`` seconds.
        """
        __tracebackhide__ = True
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        job = Job(spider, arguments, dict(settings or {}), folder)
        ended, status = _run(_pickled(job), job.log, timeout)
        text = job.log.read_text(errors="replace")
        errors = [job.errors.read_text()] if job.errors.exists() else []
        crawl = read(job.recording)
        if crawl is None:
            ended = ended or "LeakWatch did not watch this crawl"
            pytest.fail(_failed(ended, *errors, _tail(text)), pytrace=False)
        if status and (found := ending(crawl, _trace(crawl, status))) is not None:
            ended = f"The crawl did not close: {what(found)}"
        reason = complaint(crawl, errors)
        if not (ended or reason) and self._compare is not None:
            reason = self._compare(crawl)
        if ended:
            pytest.fail(_failed(ended, reason, _tail(text)), pytrace=False)
        if reason:
            pytest.fail(f"{reason}\nIts log: {job.log}", pytrace=False)
        return checked(crawl, text)


def _pickled(job: Job) -> bytes:
    try:
        return pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        pytest.fail(
            "leakwatch() crawls in a process of its own, and can't hand on what it"
            f" was given ({error}): the spider, and all classes in its settings and"
            " arguments, must be at the top level of a module",
            pytrace=False,
        )


def _trace(crawl: Crawl, status: int) -> Trace:
    known = trace_of(crawl.run.pid, crawl.run.process)
    return replace(known, running=False, status=status)


def _run(job: bytes, log: Path, timeout_s: float) -> tuple[str, int]:
    """Run the child; return how it failed, "" if it did not, and its status."""
    command = [sys.executable, "-m", "scrapy_leakwatch.checks.child"]
    with log.open("wb") as out:
        try:
            done = subprocess.run(  # noqa: S603, the command is ours
                command,
                input=pickle.dumps(sys.path) + job,
                stdout=out,
                stderr=out,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"The crawl did not end in {timeout_s:g} s (timeout=...)", 0
    if done.returncode:
        ended = f"The crawl's process ended with status {done.returncode}"
        return ended, done.returncode
    return "", 0


def _failed(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _tail(log: str) -> str:
    return "\n".join(["The log ends:", *log.splitlines()[-TAIL:]])
