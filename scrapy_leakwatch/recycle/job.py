"""What one process of a job has under way, and when it is done for good."""

from __future__ import annotations

import pickle
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.utils.request import request_from_dict

from scrapy_leakwatch.internals import paths
from scrapy_leakwatch.recycle.refused import refusal
from scrapy_leakwatch.recycle.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.recycle.refused import Refusal

DONE = "done"
"""The note of how many requests are done, in all processes."""
_jobs: WeakKeyDictionary[Crawler, Job] = WeakKeyDictionary()


def job_of(crawler: Crawler) -> Job:
    """Return the job of a crawl, one for each."""
    if crawler not in _jobs:
        _jobs[crawler] = Job(crawler, Path(crawler.settings["JOBDIR"]))
    return _jobs[crawler]


class Job:
    """The requests in progress; ends with the process.

    ``flushes`` are called before each commit, and write out what is to be kept.
    ``refusals`` are called with each request that can't be written.
    """

    def __init__(self, crawler: Crawler, folder: Path) -> None:
        self._crawler = crawler
        self.process = 0
        self.folder = folder
        self.store = Store(folder)
        self.clean = bool(self.store.noted("clean", 1))
        self.is_new_here = self.store.noted("begun") is None
        self.flushes: list[Callable[[Store], None]] = []
        self.refusals: list[Callable[[Refusal], None]] = []
        self._in_progress: dict[Request, int] = {}
        self._done = int(self.store.noted(DONE, 0))
        self._starting: Request | None = None
        self.is_frozen = False

    def begin(self) -> None:
        """Note that a process works on the job."""
        self.store.note("clean", 0)
        self.store.note("begun", self.process)
        self.store.begin()
        self.store.commit()

    def is_new(self, given: Any) -> bool:
        """Tell whether what ``start`` gives is not of an earlier process."""
        if not isinstance(given, Request):
            key = b"item"  # which can only be told by how many there were
            if not self.store.meet(key):
                return False
            self.store.give(key)
            return True
        if not self.store.meet(self._fingerprint(given)):
            return False
        self._starting = given
        return True

    def enqueued(self, request: Request) -> None:
        """Note that a request goes into a queue, if it is the one of ``start``."""
        if self._starting is request:
            self._starting = None
            self.store.give(self._fingerprint(request))

    def _fingerprint(self, request: Request) -> bytes:
        fingerprinter: Any = self._crawler.request_fingerprinter
        found: bytes = fingerprinter.fingerprint(request)
        return found

    def written(self, request: Request, spider: Spider | None) -> bytes:
        """Return a request as bytes; raises ValueError where it can't be."""
        try:
            return pickle.dumps(request.to_dict(spider=spider), protocol=4)
        except Exception as error:
            for refuse in self.refusals:
                refuse(refusal(request, spider, error))
            raise ValueError(str(error)) from error

    def read(self, data: bytes, spider: Spider | None) -> Request:
        """Return a request that was written."""
        fields = pickle.loads(data)  # noqa: S301, as Scrapy does with its own files
        return request_from_dict(fields, spider=spider)

    def begun(self, request: Request, number: int) -> None:
        """Note that the crawl works on a request."""
        self._in_progress[request] = number

    def settle(self) -> None:
        """Keep that requests are done, if some are; the rest goes with them."""
        if not self._in_progress:
            return
        busy: Any = paths.follow(self._crawler, paths.IN_PROGRESS) or ()
        over = [each for each in self._in_progress if each not in busy]
        for request in over:
            self.store.done(self._in_progress.pop(request))
        if over:
            self._done += len(over)
            self.store.note(DONE, self._done)
            self.commit()

    def commit(self) -> None:
        """Keep all that was written so far."""
        if self.is_frozen:
            return
        try:
            for flush in self.flushes:
                flush(self.store)
            self.store.commit()
        except (sqlite3.Error, OSError) as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Have the crawl closed: what it does can't be kept."""
        self.store.failed = self.store.failed or str(error)

    def freeze(self) -> None:
        """Keep nothing from here on: the next process begins at the last commit."""
        self.is_frozen = True
        self.store.roll_back()

    def thaw(self) -> None:
        """Keep what comes now, and nothing of what was written while frozen."""
        if self.is_frozen:
            self.store.roll_back()
            self.is_frozen = False

    def end(self) -> None:
        """Note that the crawl was closed in order."""
        self.settle()
        if not self.is_frozen:
            self.store.note("clean", 1)
            self.commit()

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()
        _jobs.pop(self._crawler, None)
