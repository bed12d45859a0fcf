"""The other ends of alarms and metrics, on the loopback: they answer, or do not."""

from __future__ import annotations

import gzip
import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _of_brotli(body: bytes) -> bytes:
    import brotli  # who sent it has it

    return brotli.decompress(body)


UNPACKING = {None: bytes, "gzip": gzip.decompress, "br": _of_brotli}


@dataclass
class End:
    """What somebody listens at, and what came there."""

    port: int
    received: list[tuple[str, bytes]] = field(default_factory=list)
    """The path and the body of each request, or the address and text of each mail."""


@contextmanager
def http(answer: bytes = b"ok", status: int = 200):
    """Give an end that answers each POST, and keeps what was posted."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = UNPACKING[self.headers["Content-Encoding"]]
            received.append((self.path, unpack(body)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield End(port, received)


@contextmanager
def mail():
    """Give an end that takes mail."""
    received: list[tuple[str, bytes]] = []

    class Handler(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self):
            self.wfile.write(b"220 loopback\r\n")
            to = ""
            for line in self.rfile:
                verb = line[:4].upper().strip()
                if verb == b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    received.append((to, b"".join(lines)))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield End(port, received)


@contextmanager
def _served(server: socketserver.BaseServer):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def hanging():
    """Give an end that takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield End(server.getsockname()[1])


@contextmanager
def refusing():
    """Give the port of an end that is not there."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody else gets it, and it does not listen
        yield End(bound.getsockname()[1])
