"""A look into one crawl from outside, from its begin to its end."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.commands.asked import CrawlGoneError
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.recordings import parsing

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from scrapy_leakwatch.commands.asked import Asked
    from scrapy_leakwatch.records import Bill, Crawl, NoBill

STAY_S = 5.0
"""The crawl gives up who is not heard of for ten times as long, and more."""
NO_ANSWER = "What the crawl answers is no document of a LeakWatch of this version."
NO_BILL = "What the crawl answers is no memory bill."
LONGEST_S = 600.0
"""What Scrapy allows, unless REMOTE_CONTROL_TIMEOUT_MAX says otherwise."""


class Session:
    """A crawl that is recorded where both it and this process can read.

    A context manager: on the way in LeakWatch is attached to the crawl, on the way
    out detached. ``alive`` until the crawl no longer answers.
    """

    def __init__(self, job: Asked) -> None:
        self.job = job
        self.alive = True
        self.path = Path()
        self._stay_next = 0.0
        self._crawl: Crawl | None = None
        self._client = uuid.uuid4().hex
        self._folder = job.make_folder()

    def __enter__(self) -> Self:
        try:
            self.path = self._attach()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _attach(self) -> Path:
        said = self.job.ask("attach", self._client, str(self._folder))
        answer = json.loads(said)
        if "refused" in answer:
            raise CommandError(f"LeakWatch can't attach: {answer['refused']}.")
        return Path(answer["record"])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self.alive:
                self.job.ask("detach", self._client)
        except CrawlGoneError:
            pass  # and with it what was attached
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def crawl(self) -> Crawl:
        """Return what was recorded so far.

        A recording that the crawl makes for its report alone goes with the crawl:
        then it is what was read last.
        """
        try:
            self._crawl = read(self.path)
        except CommandError:
            if self._crawl is None:
                raise
            self.alive = False
        return self._crawl

    def stay(self) -> None:
        """Tell the crawl now and then that somebody looks; note when it has gone."""
        if time.monotonic() < self._stay_next:
            return
        self._stay_next = time.monotonic() + STAY_S
        try:
            self.job.ask("stay", self._client)
        except CrawlGoneError:
            self.alive = False

    def status(self) -> str:
        """Return what `prefs` prints, the ledger and the verdicts."""
        return self.job.ask("status")

    def ask(self, question: Literal["why", "heap"], name: str | None) -> str:
        """Return who holds a class, or Guppy's heap; takes as long as it takes."""
        return ask(self.job, question, name)


def ask(job: Asked, question: Literal["why", "heap"], name: str | None) -> str:
    """Return who holds a class, or Guppy's heap, as a crawl says."""
    return job.ask(question, name, within_s=LONGEST_S)


def answer(job: Asked) -> dict[str, Any] | None:
    """Return what leaks in a crawl and what to do about it, None without a LeakWatch.

    Raises `CommandError`.
    """
    try:
        found = json.loads(job.ask("verdicts"))
    except (ValueError, RecursionError):
        raise CommandError(NO_ANSWER) from None
    if found is not None and not isinstance(found, dict):
        raise CommandError(NO_ANSWER)
    return found


def bill(job: Asked) -> Bill | NoBill | None:
    """Have a crawl take a memory bill, None without a LeakWatch there.

    Takes as long as it takes. Raises `CommandError`.
    """
    output = job.ask("bill", within_s=LONGEST_S)
    try:
        answer = json.loads(output.splitlines()[-1])
        if answer is None:
            return None
        line = parsing.mapping(answer)
        if "refused" in line:
            raise CommandError(parsing.text(line["refused"]))
        return parsing.bill(line)
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError):
        raise CommandError(NO_BILL) from None
