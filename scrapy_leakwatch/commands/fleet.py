"""Asks all crawls of this user that run how they are, each in a thread of its own.

So one that does not answer delays no other. Each is asked one question at a time.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import processes, remote
from scrapy_leakwatch.commands.asked import CrawlGoneError
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.commands.session import NO_ANSWER
from scrapy_leakwatch.recordings import parsing
from scrapy_leakwatch.records import Running, Unasked, WorstLeak

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from scrapy_leakwatch.commands.remote import Job

MOST = 100
"""Crawls that are asked, the oldest; the others are counted."""
AGAIN_S = 3.0
"""How long a crawl is left alone after it was asked."""
LATER_S = 15.0
"""And one that did not answer."""
LOOK_S = 5.0
"""Between two looks at which crawls there are."""
ONCE_S = 7.0
"""How long the answers are waited for where they are shown once."""


class Fleet:
    """The crawls that run, and what each said last."""

    def __init__(self, settings: BaseSettings) -> None:
        self._settings = settings
        self._asked: dict[str, _Asking] = {}
        self._look_next = 0.0
        self.left_out = 0
        self.unasked: list[Unasked] = []

    def look(self) -> None:
        """Look now and then which crawls there are, and have the new ones asked."""
        if time.monotonic() < self._look_next:
            return
        self._look_next = time.monotonic() + LOOK_S
        jobs = remote.job_files(self._settings)
        self.unasked = processes.that_crawl({job.pid for job in jobs})
        self.left_out = max(len(jobs) - MOST, 0)
        running = {job.id: job for job in jobs[:MOST]}
        for gone in self._asked.keys() - running.keys():
            self._asked.pop(gone).end()
        for new in running.keys() - self._asked.keys():
            self._asked[new] = _Asking(running[new])

    def wait(self) -> None:
        """Wait until each has answered, or had the time to."""
        deadline = time.monotonic() + ONCE_S
        for asking in self._asked.values():
            asking.answered.wait(max(deadline - time.monotonic(), 0.0))

    def running(self) -> list[Running]:
        """Return what each said last, and the memory of its process now."""
        return [
            replace(asking.said, rss=processes.rss(asking.job.pid))
            for asking in list(self._asked.values())
        ]

    def job(self, name: str) -> Job | None:
        """Return the crawl with an id, None where it has gone."""
        asking = self._asked.get(name)
        return None if asking is None else asking.job

    def end(self) -> None:
        """Ask nobody any more."""
        for asking in self._asked.values():
            asking.end()


class _Asking:
    """Asks one crawl again and again, until it has gone."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.said = Running(job.id, job.project, job.spider, job.pid, job.started)
        self.answered = threading.Event()
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.said = _heard(self.said, json.loads(self.job.overview()))
            except CrawlGoneError:
                self.said = replace(self.said, state="silent")
            except CommandError as error:
                self.said = replace(self.said, state="failed", reason=str(error))
            except (ValueError, TypeError, KeyError, IndexError, RecursionError):
                self.said = replace(self.said, state="failed", reason=NO_ANSWER)
            self.answered.set()
            silent = self.said.state == "silent"
            self._over.wait(LATER_S if silent else AGAIN_S)


def _heard(before: Running, said: Any) -> Running:
    """Return a crawl as it is now. Raises `ValueError` and the like."""
    found = parsing.mapping(said)
    responses = found["responses"]
    verdicts = found["verdicts"]
    outcome, worst = None, None
    if verdicts is not None:
        outcome = parsing.text(parsing.mapping(verdicts)["outcome"])
        worst = _worst(verdicts["answers"])
    return replace(
        before,
        state="answers",
        responses=None if responses is None else int(parsing.number(responses)),
        outcome=outcome,
        worst=worst,
        reason="",
    )


def _worst(answers: list[Any]) -> WorstLeak | None:
    if not answers:
        return None
    worst = parsing.mapping(answers[0])
    return WorstLeak(
        kind=parsing.text(worst["verdict"]),
        subject=parsing.text(worst["subject"]),
        holder=parsing.text(worst["holder"] or worst["owner"] or ""),
        location=parsing.text(worst["location"] or ""),
        signature=parsing.text(worst["signature"] or ""),
    )
