"""A fast local site: ``python -m tests.zoo.site`` says where, and serves.

Any path is a page; ``/tree/3`` links to pages of its own, ``/sitemap/3`` and
``/feed/3`` list pages, ``/image/3`` is a small image, ``/hop/7/3`` redirects three
times. A page takes its time, so that a crawl is not as fast as the machine allows. The
query makes it misbehave: ``ms`` is how long it takes, ``kb`` pads it, ``status`` sets
its status, ``fail=3`` lets two of three requests fail with 503, and ``drop=1`` hangs
up. Hosts whose names begin with ``wordy`` have many rules for robots.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from itertools import count
from urllib.parse import parse_qs

from tests.explain.shop_site import PAGE

LINKS = 10
PAGES_MAPPED = 200
PACE_MS = 30
RULES = 150
AT_ONCE = ("/index", "/product/", "/image/", "/robots.txt")
HTML = b"text/html"
REASONS = {200: b"OK", 302: b"Found", 404: b"Not Found", 503: b"Unavailable"}


def image() -> bytes:
    """Return a small PNG image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + _crc(checked)

    header = struct.pack(">IIBBBBB", 60, 60, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x7f" * 60) * 60)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


IMAGE = image()


class Connection(asyncio.Protocol):
    """One connection, kept open for as long as the client likes."""

    requests = count()

    def connection_made(self, transport):
        self.transport = transport
        self.pending = b""

    def data_received(self, data):
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            head, _, self.pending = self.pending.partition(b"\r\n\r\n")
            if b"\ncontent-length: " in head.lower():
                self.pending = b""  # a small form, in the same packet
            target = head.split(b" ", 2)[1].decode("latin-1")
            if target == "/robots.txt" and b"\nhost: wordy" in head.lower():
                target += f"?rules={RULES}"
            self.answer(target)

    def answer(self, target: str) -> None:
        path, _, query = target.partition("?")
        asked = {name: int(values[0]) for name, values in parse_qs(query).items()}
        if asked.get("drop"):
            self.transport.close()
            return
        later = asyncio.get_running_loop().call_later
        number = next(self.requests)
        whole = response(path, asked, number)
        # Not all alike, or the pages of all connections come at once.
        usual = 0 if path.startswith(AT_ONCE) else PACE_MS * (number % 8 + 4) / 8
        takes = asked.get("ms", usual)
        if takes:
            later(takes / 1000, self.transport.write, whole)
        else:
            self.transport.write(whole)


def response(path: str, asked: dict[str, int], number: int) -> bytes:
    """Return the whole response to the request with this number."""
    _, _, rest = path.partition("/")
    place, _, last = rest.rpartition("/")
    at = int(last) if last.isdigit() else 0
    status, kind, more = asked.get("status", 200), HTML, b""
    body = PAGE
    if place == "tree":
        body = tree(at, asked.get("links", LINKS))
    elif place == "sitemap":
        kind, body = b"application/xml", sitemap(at)
    elif place == "feed":
        kind, body = b"text/csv", feed(at)
    elif place == "image":
        kind, body = b"image/png", IMAGE
    elif place.startswith("hop/") and at:
        here = path.rpartition("/")[0]
        status, more = 302, f"Location: {here}/{at - 1}\r\n".encode()
    elif last == "robots.txt":
        kind, body = b"text/plain", b"User-agent: *\nDisallow: /secret/\n"
        body += b"".join(
            b"Disallow: /no/%d/%d/*/page\n" % (number, rule)
            for rule in range(asked.get("rules", 0))
        )
    if number % asked.get("fail", 1):
        status = 503
    body += b" " * (1024 * asked.get("kb", 0))
    return b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
        status,
        REASONS.get(status, b"Status"),
        kind,
        len(body),
        more + b"Set-Cookie: visit=%d\r\n" % at,
        body,
    )


def tree(at: int, links: int) -> bytes:
    """Return a page with links to pages that no other page links to."""
    others = range(at * links + 1, at * links + links + 1)
    below = b"".join(
        b"<li><a class='next' href='/tree/%d?links=%d'>%d</a></li>"
        % (other, links, other)
        for other in others
    )
    return PAGE.replace(b"</ul>", below + b"</ul>")


def sitemap(at: int) -> bytes:
    """Return a sitemap of pages that no other sitemap has."""
    pages = range(PAGES_MAPPED * at, PAGES_MAPPED * (at + 1))
    urls = b"".join(b"<url><loc>/page/%d</loc></url>" % page for page in pages)
    return (
        b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>%s</urlset>"
        % (urls)
    )


def feed(at: int) -> bytes:
    """Return a table in CSV of pages that no other has."""
    pages = range(PAGES_MAPPED * at, PAGES_MAPPED * (at + 1))
    return b"id,url\n" + b"".join(b"%d,/page/%d\n" % (page, page) for page in pages)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
