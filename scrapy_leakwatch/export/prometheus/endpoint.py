"""The page of the metrics, served at a port."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from typing import TYPE_CHECKING

from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.places import Place
from scrapy_leakwatch.export.prometheus.page import Page
from scrapy_leakwatch.foundation import redact

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

PATHS = {"/", "/metrics"}
LONGEST_S = 10.0
"""For which one who asks is waited for, and has to read the answer."""
MOST = 16
"""Who are answered at a time."""
LONGEST_REQUEST = 16_384
END_S = 1.0
_NOT_ANSWERED = (
    OSError,
    EOFError,
    ValueError,
    asyncio.LimitOverrunError,
    asyncio.TimeoutError,
)
"""Who asks has gone, is too slow, or speaks no HTTP."""


class Endpoint(Place):
    """Serves the metrics of all crawls of the process, from a thread of its own.

    That has a loop of its own too, in which nobody waits for anybody, and works with
    every reactor and without one. Raises `ExportError` where the port can't be had.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._listening = _listen(host, port)
        number = self._listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{number}/metrics"
        self._page = Page(lambda: self.crawls, of_process=True)
        self._stop = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, name="leakwatch-metrics", daemon=True
        )
        self._thread.start()

    @property
    def begun(self) -> str:
        """Where the page is."""
        return f"LeakWatch serves its metrics at {redact.text(self.url)}"

    def changed(self) -> None:
        """Do nothing: who asks gets the latest."""

    async def end(self) -> None:
        """Close the port: that takes a turn of the thread's loop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(END_S)  # the next crawl may want the same port at once

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(
            self._answer, sock=self._listening, limit=LONGEST_REQUEST
        )
        await self._stop.wait()
        server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await asyncio.sleep(0)  # in this turn the connections close

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._answering) >= MOST:
            writer.transport.abort()
            return
        self._answering.add(task)
        try:
            await asyncio.wait_for(self._exchange(reader, writer), LONGEST_S)
        except _NOT_ANSWERED:
            pass
        finally:
            self._answering.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(self._response(head.decode("latin-1")))
        writer.close()
        await writer.wait_closed()

    def _response(self, request: str) -> bytes:
        """Return what is answered to the head of a request."""
        line, *headers = request.split("\r\n")
        method, target, _ = line.split(" ")
        if method not in {"GET", "HEAD"}:
            return _written("405 Method Not Allowed")
        if target.partition("?")[0] not in PATHS:
            return _written("404 Not Found")
        accept = next((_value(each) for each in headers if _is_accept(each)), "")
        body, content_type = self._page.accepted(accept)
        return _written("200 OK", body, content_type, head=method == "HEAD")


def _is_accept(header: str) -> bool:
    return header.partition(":")[0].strip().lower() == "accept"


def _value(header: str) -> str:
    return header.partition(":")[2].strip()


def _written(
    status: str,
    body: bytes = b"",
    content_type: str = "text/plain",
    *,
    head: bool = False,
) -> bytes:
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "\r\n",
    )
    return "\r\n".join(lines).encode("latin-1") + (b"" if head else body)


def _reason(error: OSError) -> str:
    """Return why without the address, which Python has added to it."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return redact.text(error.strerror or str(error))
    return os.strerror(error.errno)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        where = redact.text(f"{host} port {port}")
        why = _reason(error)
        raise ExportError(
            f"LeakWatch can't serve its metrics at {where} ({why}), and the"
            " crawl goes on without; set LEAKWATCH_PROMETHEUS_PORT to one that is free,"
            " or to 0 for any"
        ) from error
