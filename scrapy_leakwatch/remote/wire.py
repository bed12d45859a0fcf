"""Answers one who has attached by the number of the process, until that one has gone.

This is the crawl's end of the connection that `arrival` made: each line that comes is a
question, each that goes an answer, as JSON. A timer looks for them, for timers work in
the same way on every event loop.
"""

from __future__ import annotations

import json
import shutil
import socket as sockets
import time
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import signals
from scrapy.utils.defer import deferred_from_coro

from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.internals.crawlers import open_crawlers
from scrapy_leakwatch.internals.versions import create_looping_call
from scrapy_leakwatch.remote import attached
from scrapy_leakwatch.remote.arrival import tell

if TYPE_CHECKING:
    from socket import socket

    from scrapy.crawler import Crawler

LOOK_S = 0.1
QUIETLY = getattr(sockets, "MSG_NOSIGNAL", 0)
"""A crawl may have SIGPIPE end it."""
MOST_BYTES = 65_536
"""What is read or sent at a time."""
LONGEST = 1_000_000
"""Bytes of a question; nobody of ours asks so much."""


def begin(connection: socket, folder: str, which: str) -> None:
    """Answer on a connection for one crawl of this process; refuse where it is not one.

    ``which`` is the name of its spider or its number, "" where only one runs.
    ``folder`` has what was made to get here.
    """
    crawlers = open_crawlers()
    chosen = [
        crawler
        for number, crawler in enumerate(crawlers, 1)
        if which in {"", str(number), _spider(crawler)}
    ]
    if len(chosen) == 1:
        Wire(connection, chosen[0], folder).begin()
        return
    refused = _choice(crawlers) if crawlers else "no spider is open there"
    tell(connection, "refused", refused)


def _choice(crawlers: list[Crawler]) -> str:
    names = [f"{number} ({_spider(each)})" for number, each in enumerate(crawlers, 1)]
    return f"name one of its crawls by 'PID:NUMBER', where NUMBER is {', '.join(names)}"


def _spider(crawler: Crawler) -> str:
    return redact.text(str(crawler.spider and crawler.spider.name))


class Wire:
    """The connection to one who looks at a crawl."""

    _all: ClassVar[list[Wire]] = []

    def __init__(self, connection: socket, crawler: Crawler, folder: str) -> None:
        self._connection = connection
        self._crawler = crawler
        self._folder = folder
        self._stash: dict[str, Any] = next(
            (each._stash for each in Wire._all if each._crawler is crawler), {}
        )
        self._guard = Guard("answer who has attached", crawler.spider)
        self._clients: set[str] = set()
        self._answering = 0
        self._heard = time.monotonic()
        self._in, self._out = b"", bytearray(_line(number=0, answer=""))
        self._timer = create_looping_call(self._look)

    def begin(self) -> None:
        """Answer from now on."""
        self._connection.setblocking(False)
        Wire._all.append(self)
        self._crawler.signals.connect(self.engine_stopped, signals.engine_stopped)
        self._timer.start(LOOK_S, now=True)

    def engine_stopped(self) -> None:
        """Hang up: the crawl has ended, and what was attached to it with it."""
        self._hang_up()

    def _look(self) -> None:
        there = self._guard(self._exchange)
        late = self._heard < time.monotonic() - attached.LEASE_S
        if not there or (late and not self._answering):
            self._hang_up()
            deferred_from_coro(self._guard.waiting(self._clean_up()))

    def _exchange(self) -> bool:
        """Answer what has come; tell whether anybody is still there."""
        try:
            self._send()
            there = self._receive()
        except OSError:
            return False
        *lines, self._in = self._in.split(b"\n")
        for line in lines:
            asked = json.loads(line)
            self._answering += 1
            deferred_from_coro(self._guard.waiting(self._answer(**asked)))
        return there and len(self._in) < LONGEST

    def _receive(self) -> bool:
        try:
            while received := self._connection.recv(MOST_BYTES):
                self._in += received
                self._heard = time.monotonic()
        except BlockingIOError:
            return True
        return False

    def _send(self) -> None:
        try:
            while self._out:
                del self._out[: self._connection.send(self._out[:MOST_BYTES], QUIETLY)]
        except BlockingIOError:
            pass  # the rest at the next look

    async def _answer(self, number: int, question: str, given: list[Any]) -> None:
        if question == "attach":
            self._clients.add(given[0])
        try:
            asked = attached.answer(self._crawler, self._stash, question, *given)
            said = _line(number=number, answer=await asked)
        except Exception as error:  # noqa: BLE001, it is for who asked
            said = _line(number=number, failed=f"{type(error).__name__}: {error}")
        self._answering -= 1
        self._heard = time.monotonic()
        self._out += said

    def _hang_up(self) -> None:
        if self not in Wire._all:
            return
        Wire._all.remove(self)
        self._timer.stop()
        self._crawler.signals.disconnect(self.engine_stopped, signals.engine_stopped)
        self._connection.close()

    async def _clean_up(self) -> None:
        """Undo what one who has gone without a word has left."""
        for client in self._clients:
            await attached.detach(self._stash, client)
        shutil.rmtree(self._folder, ignore_errors=True)


def _line(**said: object) -> bytes:
    return json.dumps(said).encode() + b"\n"
