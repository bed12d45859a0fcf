"""Talks to a running crawl that has no remote control, by the number of its process.

`sys.remote_exec` (PEP 768) has the process run `remote.arrival`, which calls back over
a socket in a folder that only the owner of the process can reach.
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
import socket
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError  # another before Python 3.11
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.commands import processes
from scrapy_leakwatch.commands.asked import (
    ANSWERS_WITHIN_S,
    LARGEST,
    LONGEST,
    SOON_S,
    CrawlGoneError,
    failure,
    private_folder,
)
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.remote import arrival

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

CALLS_WITHIN_S = 7.0
"""An idle crawl wakes up every five seconds, and then runs what it was given."""
TRIES = 3
"""Python can't open the script where it comes to it in a function without builtins, as
the constructor of a named tuple is, and then forgets it."""
COMES_ROUND_WITHIN_S = 20.0
SHARED = Path("/tmp")  # noqa: S108, what root makes there it gives to one user
LOOK_S = 0.2
SCRIPT = "arrival.py"
GONE = "The crawl does not answer any more."


@contextmanager
def wired(pid: int, which: str) -> Iterator[Wired]:
    """Give the crawl of a process to ask; ``which`` where there are several.

    Raises `CommandError` where it can't be attached to, and leaves nothing there then.
    """
    owner = processes.owner(pid)
    for _ in range(TRIES):
        with Place(owner) as place:
            processes.check(pid, place.path)
            connection = _called(pid, which, place)
            if connection is None:
                continue
            with connection:
                crawl = Wired(pid, connection, place)
                try:
                    crawl.wait()
                    yield crawl
                finally:
                    crawl.close()
        return
    raise CommandError(
        f"Process {pid} has run no line of Python for {TRIES * CALLS_WITHIN_S:.0f} s:"
        " its main thread waits in a call, or it is stopped. It was left as it is; try"
        " again when it goes on."
    )


class Place:
    """A folder for this process and the crawl's, which another user's may be.

    A context manager, which removes it at the end.
    """

    def __init__(self, owner: processes.Owner | None) -> None:
        self._owner = owner
        # Where root has a folder for temporary files of its own, others can't enter.
        self.path = private_folder(None if owner is None else SHARED)
        self.record = self.path / "record"
        self.record.mkdir(0o700)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def give(self) -> None:
        """Have it all belong to the owner of the process.

        The folder comes last, and root makes nothing in it afterwards: its owner could
        have put a link there.
        """
        if self._owner is not None:
            for path in (*self.path.iterdir(), self.path):
                os.chown(path, self._owner.uid, self._owner.gid)


def _called(pid: int, which: str, place: Place) -> socket.socket | None:
    """Have the process call, and return the connection, None where it does not."""
    script, path = place.path / SCRIPT, place.path / arrival.SOCKET
    source = inspect.getsource(arrival)
    script.write_text(f"{source}\n\narrive({str(place.path)!r}, {which!r})\n", "utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        try:
            listening.bind(str(path))
        except OSError as error:
            raise CommandError(
                f"No socket can be made in {place.path} ({error}): set TMPDIR to a"
                " folder of a shorter name."
            ) from None
        listening.listen()
        place.give()
        processes.run(pid, script)
        connection = None
        try:
            connection = _accepted(listening, pid)
        finally:
            if connection is None:
                processes.run_nothing(pid)
    script.unlink(missing_ok=True)
    return connection


def _accepted(listening: socket.socket, pid: int) -> socket.socket | None:
    listening.settimeout(LOOK_S)
    deadline = time.monotonic() + CALLS_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            return listening.accept()[0]
        if not processes.is_one(pid):
            raise processes.gone(pid)
    return None


class Wired:
    """A crawl that has called, asked over its connection."""

    def __init__(self, pid: int, connection: socket.socket, place: Place) -> None:
        self._pid = pid
        self._connection = connection
        self._place = place
        self._lock = Lock()
        self._numbers = count(1)
        self._began: Future[dict[str, Any]] = Future()
        self._waiting = {0: self._began}
        self._gone = False
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Wait until the event loop of the crawl comes to it. Raises `CommandError`."""
        try:
            began = self._began.result(COMES_ROUND_WITHIN_S)
        except LateError:
            raise CommandError(
                f"The event loop of process {self._pid} has not come round for"
                f" {COMES_ROUND_WITHIN_S:.0f} s: a callback takes long. It was left as"
                " it is; try again when that has ended."
            ) from None
        if "refused" in began:
            reason = redact.text(str(began["refused"]), LONGEST)
            raise CommandError(f"LeakWatch can't attach to {self._pid}: {reason}.")
        _said(began)

    def ask(self, question: str, *given: str | None, within_s: float = SOON_S) -> str:
        """Return what `remote.attached.answer` answers there, as `Asked` says."""
        answer: Future[dict[str, Any]] = Future()
        number = next(self._numbers)
        asked = {"number": number, "question": question, "given": given}
        with self._lock:
            if self._gone:
                raise CrawlGoneError(GONE)
            self._waiting[number] = answer
            with suppress(OSError):  # the reader notices too
                self._connection.sendall(json.dumps(asked).encode() + b"\n")
        try:
            return _said(answer.result(within_s + ANSWERS_WITHIN_S))
        except LateError:
            raise CrawlGoneError(GONE) from None

    def make_folder(self) -> Path:
        """Return a new folder that only the crawl and this process can reach."""
        self._place.record.mkdir(0o700, exist_ok=True)
        return self._place.record

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reader.join()

    def _read(self) -> None:
        """Hand out the answers as they come; there are no more once it hangs up."""
        no_answer = (OSError, ValueError, TypeError, LookupError)
        with self._connection.makefile("rb") as lines, suppress(*no_answer):
            while line := lines.readline(LARGEST):
                said = json.loads(line)
                with self._lock:
                    waiting = self._waiting.pop(said["number"])
                waiting.set_result(said)
        with self._lock:
            self._gone = True
        for waiting in self._waiting.values():
            waiting.set_exception(CrawlGoneError(GONE))


def _said(answer: dict[str, Any]) -> str:
    if "failed" in answer:
        raise CommandError(failure(str(answer["failed"])))
    return str(answer["answer"])
