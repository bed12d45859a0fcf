"""A look into one crawl from outside, from its begin to its end."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.recorded import read
from scrapy_leakwatch.commands.remote import LONGEST_S, CrawlGoneError, execute
from scrapy_leakwatch.recordings import parsing

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from scrapy_leakwatch.commands.remote import Job
    from scrapy_leakwatch.records import Bill, Crawl, NoBill

STAY_S = 5.0
"""The crawl gives up who is not heard of for ten times as long, and more."""
NO_ANSWER = "What the crawl answers is no document of a LeakWatch of this version."
NO_BILL = "What the crawl answers is no memory bill."
IMPORTED = "from scrapy_leakwatch.remote import attached\n"


class Session:
    """A crawl that is recorded where both it and this process can read.

    A context manager: on the way in LeakWatch is attached to the crawl, on the way
    out detached. ``alive`` until the crawl no longer answers.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.alive = True
        self.path = Path()
        self._stay_next = 0.0
        self._crawl: Crawl | None = None
        self._client = uuid.uuid4().hex
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="leakwatch-"))
        except OSError as error:
            raise CommandError(
                f"There is no place for temporary files ({error.strerror}): set TMPDIR"
                " to a folder."
            ) from None

    def __enter__(self) -> Self:
        try:
            self.path = self._attach()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _attach(self) -> Path:
        asked = f"crawler, stash, {self._client!r}, {str(self._folder)!r}"
        answer = json.loads(self._execute(f"print(attached.attach({asked}))"))
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
                self._execute(f"await attached.detach(stash, {self._client!r})")
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
            self._execute(f"attached.stay(stash, {self._client!r})")
        except CrawlGoneError:
            self.alive = False

    def status(self) -> str:
        """Return what `prefs` prints, the ledger and the verdicts."""
        return self._execute(
            "leakwatch = stash[attached.STASH].leakwatch\nprint(leakwatch.status())"
        )

    def ask(self, question: Literal["why", "heap"], name: str | None) -> str:
        """Return who holds a class, or Guppy's heap; takes as long as it takes."""
        return ask(self.job, question, name)

    def _execute(self, code: str) -> str:
        return execute(self.job, IMPORTED + code)


def ask(job: Job, question: Literal["why", "heap"], name: str | None) -> str:
    """Return who holds a class, or Guppy's heap, as a crawl says."""
    code = f"print(await attached.ask(crawler, stash, {question!r}, {name!r}))"
    return execute(job, IMPORTED + code, LONGEST_S)


def answer(job: Job) -> dict[str, Any] | None:
    """Return what leaks in a crawl and what to do about it, None without a LeakWatch.

    Raises `CommandError`.
    """
    output = execute(job, IMPORTED + "print(attached.answer(crawler, stash))")
    try:
        found = json.loads(output)
    except (ValueError, RecursionError):
        raise CommandError(NO_ANSWER) from None
    if found is not None and not isinstance(found, dict):
        raise CommandError(NO_ANSWER)
    return found


def bill(job: Job) -> Bill | NoBill | None:
    """Have a crawl take a memory bill, None without a LeakWatch there.

    Takes as long as it takes. Raises `CommandError`.
    """
    code = "print(await attached.bill(crawler, stash))"
    output = execute(job, IMPORTED + code, LONGEST_S)
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
