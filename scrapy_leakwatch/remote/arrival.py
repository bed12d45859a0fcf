"""What a process runs to which somebody attaches by its number.

`sys.remote_exec` is given this source. Python runs it between any two lines of the main
thread, so it does no more than take a wire and hand that over to the event loop, calls
nothing of the crawl, and raises nothing: all else is for `wire`, at a quiet moment.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socket import socket

SOCKET = "wire"
CONNECTS_WITHIN_S = 1.0


def arrive(folder: str, which: str) -> None:
    """Call who waits in ``folder`` to ask a crawl; do nothing where nobody does."""
    with suppress(Exception):  # whatever it is must not reach the crawl
        connection = _connected(folder)
        if connection is not None:
            _hand_over(connection, folder, which)


def _hand_over(connection: socket, folder: str, which: str) -> None:
    if "scrapy.crawler" not in sys.modules:
        tell(connection, "refused", "Scrapy is not imported there, so no crawl runs")
        return
    soon = _scheduler()
    if soon is None:
        tell(connection, "refused", "no event loop runs there, so no crawl does")
        return

    def begin() -> None:
        if _has_hung_up(connection):
            connection.close()
            _remove(folder)
            return
        try:
            from scrapy_leakwatch.remote import wire  # noqa: PLC0415, at a quiet moment

            wire.begin(connection, folder, which)
        except Exception as error:  # noqa: BLE001, whatever it is must not reach the loop
            tell(connection, "failed", f"{type(error).__name__}: {error}")

    soon(begin)


def _connected(folder: str) -> socket | None:
    """Return the connection to who waits, None where nobody does."""
    import socket  # noqa: PLC0415

    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(CONNECTS_WITHIN_S)
        connection.connect(f"{folder}/{SOCKET}")
    except OSError as error:
        connection.close()
        if isinstance(error, ConnectionRefusedError):
            _remove(folder)
        return None
    return connection


def _remove(folder: str) -> None:
    """Remove what one who was killed has left; who gave up did so before."""
    import shutil  # noqa: PLC0415

    shutil.rmtree(folder, ignore_errors=True)


def _has_hung_up(connection: socket) -> bool:
    """Tell whether who called does not wait any more."""
    connection.setblocking(False)
    try:
        return not connection.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(CONNECTS_WITHIN_S)


def _scheduler() -> Any:
    """Return what has the event loop call a function soon, None where none runs.

    Both are made for handlers of signals, which come between any two lines too.
    """
    reactor = sys.modules.get("twisted.internet.reactor")
    if reactor is not None and reactor.running:
        return reactor.callFromThread
    try:
        return sys.modules["asyncio"].get_running_loop().call_soon_threadsafe
    except (KeyError, RuntimeError):
        return None


def tell(connection: socket, how: str, what: str) -> None:
    """Give the first and last answer, and hang up."""
    import json  # noqa: PLC0415
    import socket  # noqa: PLC0415

    line = json.dumps({"number": 0, how: what}).encode() + b"\n"
    with connection, suppress(OSError):  # who asked may have gone
        # A crawl may have SIGPIPE end it.
        connection.sendall(line, getattr(socket, "MSG_NOSIGNAL", 0))
