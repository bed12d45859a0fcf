"""Crawls whose pages come by aiohttp or httpx, most of them without a reactor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import REACTORLESS, Row

ROOT = Path(__file__).parents[3]
MODULE = "tests.zoo.animals.handlers"
HANDLERS = "scrapy.core.downloader.handlers"
AIOHTTP, HTTPX = "aiohttp", "httpx2"
CLASSES = {
    AIOHTTP: f"{HANDLERS}._aiohttp.AiohttpDownloadHandler",
    HTTPX: f"{HANDLERS}._httpx.HttpxDownloadHandler",
}
LONGER = {"CLOSESPIDER_TIMEOUT": 9}


def _row(library: str, animal: str, story: str, **fields: Any) -> Row:
    cls = CLASSES[library]
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in animal)
    settings = {"DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), cls)}
    return Row(
        name=f"{library}{name}",
        story=f"{library}: {story}",
        spiders=(f"{fields.pop('module', MODULE)}.{animal}",),
        settings={**settings, **fields.pop("settings", {})},
        needs=(library, cls.rpartition(".")[0]),
        **{"reactor": REACTORLESS, **fields},
    )


def _of(library: str) -> tuple[Row, ...]:
    def line(mark: str, file: str = "handlers") -> str | None:
        return place_of(mark, ROOT, f"tests/zoo/animals/{file}.py")

    return (
        _row(
            library,
            "KeptPages",
            "every page is kept",
            truth="leak",
            subjects=("HtmlResponse",),
            holders=("spider.kept[*]",),
            line=line("kept_pages"),
        ),
        _row(
            library,
            "SocketOfEachPage",
            module="tests.zoo.animals.taken",
            story="a connection on a page, in a dict by URL",
            truth="unreleased",
            subjects=("socket",),
            holders=("socket of spider SocketOfEachPage",),
            line=line("socket_of_each_page", "taken"),
            settings=LONGER,
        ),
        _row(library, "Visits", "some pages are missing, some break off"),
        _row(
            library,
            "FewProxies",
            "20 sessions with a proxy in turn",
            settings=LONGER,
        ),
    )


BY_HANDLERS: tuple[Row, ...] = (
    *_of(AIOHTTP),
    *_of(HTTPX),
    _row(
        HTTPX,
        "ProxyForEachPage",
        "another session with the proxy for each page: Scrapy has a client for each",
        truth="unreleased",
        subjects=("AsyncClient",),
        holders=("HttpxDownloadHandler._proxy_clients[*]",),
        settings=LONGER,
    ),
)
