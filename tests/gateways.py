"""Pushgateways of every temper, on the loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gateway:
    """Where it is, and what was put there: path, headers, body."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pushes: list[tuple[str, dict[str, str], str]] = []


@contextmanager
def gateway(status: int = 200) -> Iterator[Gateway]:
    """Have one that answers each push with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.pushes.append((self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Gateway(server.server_port)
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield found
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def odd_gateway(says: bytes = b"") -> Iterator[Gateway]:
    """Have one that takes connections, says this at once, and then nothing for ever."""
    taken: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            taken.append(connection)
            connection.sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield Gateway(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            taking.join()
            for connection in taken:
                connection.close()


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
