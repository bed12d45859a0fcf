"""The metrics pushed to a Pushgateway, for crawls that nobody can scrape."""

from __future__ import annotations

import base64
import http.client
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from scrapy_leakwatch.export.courier import Courier
from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.places import Place
from scrapy_leakwatch.export.prometheus.page import Page
from scrapy_leakwatch.foundation import redact

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from scrapy_leakwatch.export.places import Joined
    from scrapy_leakwatch.records import Numbers

TIMEOUT_S = 5.0
"""For each step of a push: to connect, to send, to be answered."""
LAST_S = 2.0
"""How long the end of a crawl waits for its last push."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Pushgateway(Place):
    """Pushes the metrics of the crawls of one group to the gateway.

    The group stays there after them, as the gateway means it: it has the state of the
    last crawl, and the next one replaces it. ``path`` is that of the group.
    """

    def __init__(self, url: str, path: str) -> None:
        super().__init__()
        self._url = urlsplit(url)
        self._path = path
        self._page = Page(lambda: self.crawls)
        self._under_way: http.client.HTTPConnection | None = None
        self._courier = Courier(self._push, self._break_off)

    @property
    def begun(self) -> str:
        """Where they are pushed to, without the password."""
        return f"LeakWatch pushes its metrics to {self._shown}"

    @property
    def _shown(self) -> str:
        return redact.url(self._url.geturl())

    def changed(self) -> None:
        """Have them pushed."""
        self._courier.give()
        self._check()

    def _check(self) -> None:
        if self._courier.failure:
            raise ExportError(
                f"LeakWatch can't push its metrics to {self._shown}"
                f" ({self._courier.failure}), and goes on trying; see that"
                " LEAKWATCH_PUSHGATEWAY is the address of one that runs"
            )

    async def last(self, joined: Joined, numbers: Numbers) -> None:
        """Push what stays after the crawl."""
        self._numbers[joined] = numbers
        self._courier.give()
        await self._courier.settled(LAST_S)

    async def end(self) -> None:
        """End the thread; a push that hangs is broken off."""
        await self._courier.end()
        self._check()

    def _push(self) -> None:
        url = self._url
        secure = url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_S)
        self._under_way = connection
        try:
            connection.request("PUT", self._path, self._page.text(), _headers(url))
            answer = connection.getresponse()
            if answer.status not in {200, 202}:
                raise OSError(f"it answers {answer.status}")
        except http.client.HTTPException as error:
            raise OSError(f"it speaks no HTTP: {type(error).__name__}") from error
        finally:
            self._under_way = None
            connection.close()

    def _break_off(self) -> None:
        connection = self._under_way
        stream = connection.sock if connection is not None else None
        if stream is not None:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)


def _headers(url: SplitResult) -> dict[str, str]:
    headers = {"Content-Type": CONTENT_TYPE, "Connection": "close"}
    if url.username is not None:
        user = f"{unquote(url.username)}:{unquote(url.password or '')}"
        given = base64.b64encode(user.encode()).decode()
        headers["Authorization"] = f"Basic {given}"
    return headers


def group_of(url: str, project: str, spider: str) -> str:
    """Return the path of the group in which a gateway keeps the metrics of a spider.

    There is one for each host; a ``url`` that has the path of a group stands for it.
    """
    path = urlsplit(url).path.rstrip("/")
    if "/metrics/job" in path:
        return path
    labels = {"job": project, "spider": spider, "instance": socket.gethostname()}
    return "/".join((f"{path}/metrics", *map(_label, labels, labels.values())))


def _label(name: str, value: str) -> str:
    if value and "/" not in value:
        return f"{name}/{quote(value, safe='')}"
    encoded = base64.urlsafe_b64encode(value.encode()).decode()
    return f"{name}@base64/{encoded or '='}"
