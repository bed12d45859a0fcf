"""Serves the shop on the loopback interface: ``python -m shop.site``.

There are 2,000 products in a catalogue of 100 pages, or 20 times ``--pages``. Each
product page links to ten related products, and those to others: that way the shop
never ends.
"""

from __future__ import annotations

import argparse

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

CATALOGUE_PAGES = 100
PER_PAGE = 20
RELATED = 10
PIDS = 10**9

PAGE = """<!doctype html>
<html lang="en"><head><title>{title}</title></head>
<body><h1>{title}</h1><p class="price">{price} EUR</p>{text}
<ul>{links}</ul></body></html>"""
TEXT = "<p>" + "A fine thing to have, and finer still to have two of. " * 8 + "</p>"


class Shop(Resource):
    isLeaf = True  # noqa: N815

    def __init__(self, pages: int = CATALOGUE_PAGES) -> None:
        super().__init__()
        self.pages = pages

    def render_GET(self, request: Request) -> bytes:  # noqa: N802
        request.setHeader("Content-Type", "text/html; charset=utf-8")
        if request.path == b"/product.php":
            return product(number(request, b"pid")).encode()
        if request.path == b"/catalogue.php":
            return catalogue(number(request, b"page"), self.pages).encode()
        request.setResponseCode(404)
        return b"<h1>No such page</h1>"


def product(pid: int) -> str:
    related = ((pid * 31 + 7919 * step) % PIDS for step in range(1, RELATED + 1))
    return page(f"Product {pid}", [product_link(other) for other in related])


def catalogue(number: int, pages: int) -> str:
    first = number * PER_PAGE
    links = [product_link(pid) for pid in range(first, first + PER_PAGE)]
    if number + 1 < pages:
        links.append(
            f'<a class="next" href="/catalogue.php?page={number + 1}">next</a>'
        )
    return page(f"Page {number}", links)


def product_link(pid: int) -> str:
    return f'<a class="product" href="/product.php?pid={pid}">Product {pid}</a>'


def page(title: str, links: list[str]) -> str:
    items = "".join(f"<li>{link}</li>" for link in links)
    return PAGE.format(title=title, price=len(title), text=TEXT, links=items)


def number(request: Request, name: bytes) -> int:
    value = request.args.get(name, [b"0"])[0]
    return int(value) if value.isdigit() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the shop on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    parser.add_argument("--pages", type=int, default=CATALOGUE_PAGES)
    chosen = parser.parse_args()
    site = Site(Shop(chosen.pages))
    port = reactor.listenTCP(chosen.port, site, interface="127.0.0.1")
    print(f"http://127.0.0.1:{port.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
