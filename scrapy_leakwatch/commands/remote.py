"""Talks to running crawls through Scrapy's remote control.

A crawl leaves its port and a token in a file that only its owner can read; the
token is sent to no one but that crawl, on the loopback interface.
"""

from __future__ import annotations

import http.client
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib import error, request

import scrapy

from scrapy_leakwatch.commands import processes
from scrapy_leakwatch.commands.asked import (
    ANSWERS_WITHIN_S,
    LARGEST,
    SOON_S,
    CrawlGoneError,
    failure,
    private_folder,
)
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.internals.versions import remote_control_jobs

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.settings import BaseSettings

IMPORTED = "from scrapy_leakwatch.remote import attached\n"
OVERVIEW = """
from scrapy_leakwatch.remote.overview import overview
print(overview(crawler, stash))
"""
QUICK_S = 1.0
PRIVATE = 0o077
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Job:
    """A running crawl that can be talked to."""

    id: str
    pid: int
    port: int
    token: str = field(repr=False)
    spider: str
    project: str
    started: float
    scrapy_version: str

    def ask(self, question: str, *given: str | None, within_s: float = SOON_S) -> str:
        """Return what `remote.attached.answer` answers there, as `Asked` says."""
        asked = ", ".join(map(repr, (question, *given)))
        code = f"print(await attached.answer(crawler, stash, {asked}))"
        return execute(self, IMPORTED + code, within_s)

    def overview(self) -> str:
        """Return what `remote.overview` says of it. Raises as `ask`."""
        return execute(self, OVERVIEW, QUICK_S)

    def make_folder(self) -> Path:
        """Return a new folder of this user, whose the crawl is too."""
        return private_folder()


def jobs(settings: BaseSettings) -> list[Job]:
    """Return this user's running crawls, the oldest first. Raises `CommandError`."""
    folder = remote_control_jobs(settings)
    if folder is None:
        raise CommandError(
            f"Scrapy {scrapy.__version__} has no remote control, which lists the"
            " running crawls: install Scrapy 2.19 or newer, or name one by its pid"
            " (Python 3.14 or newer)."
        )
    return _running(_read_all(folder))


def job_files(settings: BaseSettings) -> list[Job]:
    """Return this user's crawls whose process is there, the oldest first, unasked.

    One that does not answer is among them. There is none without a remote control.
    """
    folder = remote_control_jobs(settings)
    found = [] if folder is None else _read_all(folder)
    there = [job for job in found if processes.is_as_old(job.pid, job.started)]
    return sorted(there, key=lambda job: job.started)


def job_of(pid: int, settings: BaseSettings) -> Job | None:
    """Return the running crawl of a process, None where it can't be talked to."""
    folder = remote_control_jobs(settings)
    found = [] if folder is None else _read_all(folder)
    return next(iter(_running([job for job in found if job.pid == pid])), None)


def job_named(name: str, settings: BaseSettings) -> Job:
    """Return the one crawl with this id (or its begin), pid or spider."""
    running = jobs(settings)
    matching = [job for job in running if job.id == name] or [
        job
        for job in running
        if job.id.startswith(name) or name in {str(job.pid), job.spider}
    ]
    if len(matching) == 1:
        return matching[0]
    which = "No running crawl" if not matching else f"{len(matching)} running crawls"
    raise CommandError(
        f"{which} of yours {'is' if not matching else 'are'} called"
        f" {redact.text(name)!r}: 'scrapy leakwatch attach' lists them."
    )


def execute(job: Job, code: str, within_s: float = SOON_S) -> str:
    """Run code in a crawl and return what it prints.

    Raises `CrawlGoneError` when the crawl does not answer, `CommandError` when it could
    not do it.
    """
    answer = _call(job, "/execute", {"code": code, "timeout_sec": within_s}, within_s)
    output = str(answer.get("output", ""))
    if answer.get("status") == "ok":
        return output
    if answer.get("status") == "timeout":
        raise CommandError(
            f"The crawl needed more than {within_s:.0f} s, or more than its"
            " REMOTE_CONTROL_TIMEOUT_MAX; ask for less, or raise that."
        )
    traceback = str(answer.get("traceback", "")).strip().splitlines()
    raise CommandError(failure((traceback or ["without a reason"])[-1]))


def _read_all(folder: Path) -> list[Job]:
    found = map(_read, sorted(folder.glob("*.json")))
    return [job for job in found if job is not None]


def _running(found: list[Job]) -> list[Job]:
    """Return those that answer; all are asked at once, for a busy one takes long."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(_answers, found))
    running = [job for job, answered in zip(found, answers, strict=True) if answered]
    return sorted(running, key=lambda job: job.started)


def _answers(job: Job) -> bool:
    """Tell whether it is really that crawl; a killed one leaves its file."""
    try:
        return _call(job, "/status", None, 0.0).get("pid") == job.pid
    except CommandError:
        return False


def _call(job: Job, path: str, body: Any, within_s: float) -> dict[str, Any]:
    ask = request.Request(
        f"http://127.0.0.1:{job.port}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {job.token}", "Content-Type": "application/json"},
    )
    try:
        with _direct().open(ask, timeout=within_s + ANSWERS_WITHIN_S) as response:
            found = json.loads(response.read(LARGEST))
    except error.HTTPError as refused:
        refused.close()  # it is the response, too
        raise CommandError(f"The crawl refused ({refused.code}): not yours?") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise CrawlGoneError("The crawl does not answer any more.") from None
    if not isinstance(found, dict):
        raise CrawlGoneError("What answers is no crawl.")
    return found


def _direct() -> request.OpenerDirector:
    """Return what speaks plain HTTP, without proxies and redirects."""
    opener = request.OpenerDirector()
    for handler in (
        request.HTTPHandler(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _read(path: Path) -> Job | None:
    """Return the crawl of a job file, None where that is not ours, or no such."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if hasattr(os, "getuid") and (
                status.st_uid != os.getuid() or status.st_mode & PRIVATE
            ):
                return None
            found = json.loads(file.read(LARGEST))
        return Job(
            id=path.stem,
            pid=int(found["pid"]),
            port=int(found["port"]),
            token=str(found["token"]),
            spider=str(found["spider"]),
            project=str(found["project"]),
            started=float(found["start_time"]),
            scrapy_version=str(found["scrapy_version"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
