"""Crawls through a browser that leave its pages open, and some that do not."""

from __future__ import annotations

import shutil
from typing import Any

from tests import chromium
from tests.zoo.truth import ASYNCIO, Row

MODULE = "tests.zoo.animals.browsing"
HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
PROGRAM = next(filter(None, map(shutil.which, chromium.NAMES)), None)
SETTINGS = {
    "DOWNLOAD_HANDLERS": {"http": HANDLER},
    "PLAYWRIGHT_LAUNCH_OPTIONS": {
        "executable_path": PROGRAM,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    },
    "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 10_000,
    "CONCURRENT_REQUESTS": 4,
    "CLOSESPIDER_TIMEOUT": 12,
}


def _row(cls: str, story: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(
        name=name,
        story=story,
        **{
            "spiders": (f"{MODULE}.{cls}",),
            "settings": SETTINGS,
            "reactor": ASYNCIO,
            "least_received": 30,
            "needs": ("scrapy_playwright",),
            **fields,
        },
    )


BROWSING: tuple[Row, ...] = (
    _row(
        "PagesLeftOpen",
        "each callback is given a page of Chromium and does not close it",
        truth="unreleased",
        subjects=("browser page",),
        line="tests/zoo/animals/browsing.py:29",
        also=frozenset({"children", "hoard"}),
    ),
    _row(
        "ContextsLeftOpen",
        "each page has a context of its own, which stays when the page is closed",
        truth="unreleased",
        subjects=("browser context",),
        line="tests/zoo/animals/browsing.py:38",
        also=frozenset({"children", "hoard"}),
    ),
    _row(
        "PagesRunOut",
        "twelve pages may be open, and no callback closes its own",
        truth="unreleased",
        subjects=("browser page",),
        line="tests/zoo/animals/browsing.py:29",
        settings={**SETTINGS, "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 12},
        also=frozenset({"children", "hoard"}),
        least_received=10,
        curfew_s=25,
    ),
    _row(
        "FewPages",
        "two pages may be open, and each callback closes its own",
        settings={**SETTINGS, "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2},
        spiders=(f"{MODULE}.PagesClosed",),
    ),
    _row("PagesClosed", "each callback closes its page of Chromium"),
    _row("ContextsClosed", "each callback closes its page and the context of it"),
    _row("NoPagesGiven", "Chromium renders each page, and no callback gets one"),
)
if PROGRAM is None:
    BROWSING = ()
