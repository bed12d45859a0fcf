"""Where the parts of a crawl are: the attributes of Scrapy that are followed.

``tests/test_internals.py`` follows each in a crawl of the Scrapy at hand, and fails
when one is gone; a crawl under watch says so (`gone`).
"""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy

Path = tuple[str, ...]
"""Attributes from a crawler on; without a ``_`` before some in newer Scrapys."""

ENGINE: Path = ("engine",)
PAUSED: Path = (*ENGINE, "paused")
ENGINE_SLOT: Path = (*ENGINE, "slot")
IN_PROGRESS: Path = (*ENGINE_SLOT, "inprogress")
SCHEDULER: Path = (*ENGINE_SLOT, "scheduler")
MEMORY_QUEUE: Path = (*SCHEDULER, "mqs")
DISK_QUEUE: Path = (*SCHEDULER, "dqs")
DUPLICATE_FILTER: Path = (*SCHEDULER, "df")
FINGERPRINTS: Path = (*DUPLICATE_FILTER, "fingerprints")
DOWNLOADER: Path = (*ENGINE, "downloader")
DOWNLOADING: Path = (*DOWNLOADER, "active")
DOWNLOAD_SLOTS: Path = (*DOWNLOADER, "slots")
MOST_DOWNLOADS: Path = (*DOWNLOADER, "total_concurrency")
DOWNLOAD_HANDLERS: Path = (*DOWNLOADER, "handlers")
OPEN_HANDLERS: Path = (*DOWNLOAD_HANDLERS, "handlers")
DOWNLOADER_MIDDLEWARES: Path = (*DOWNLOADER, "middleware")
SCRAPER: Path = (*ENGINE, "scraper")
SCRAPER_SLOT: Path = (*SCRAPER, "slot")
IN_SCRAPER: Path = (*SCRAPER_SLOT, "active")
WAIT_FOR_SCRAPER: Path = (*SCRAPER_SLOT, "queue")
ITEMS_IN_PIPELINES: Path = (*SCRAPER_SLOT, "itemproc_size")
SPIDER_MIDDLEWARES: Path = (*SCRAPER, "spidermw")
ITEM_PIPELINES: Path = (*SCRAPER, "itemproc")
EXTENSIONS: Path = ("extensions",)
SPIDER: Path = ("spider",)
STATS: Path = ("stats",)
SETTINGS: Path = ("settings",)
SIGNALS: Path = ("signals",)
SPIDER_SETTINGS: Path = (*SPIDER, "settings")

COMPONENTS = "middlewares"
"""What a manager of components calls them."""

ALL: tuple[Path, ...] = tuple(
    path for path in list(globals().values()) if type(path) is tuple
)

_OF_SOME = frozenset(
    {MEMORY_QUEUE, DISK_QUEUE, DUPLICATE_FILTER, FINGERPRINTS}
    | {DOWNLOAD_SLOTS, MOST_DOWNLOADS, SPIDER_SETTINGS}
)
"""What a scheduler, downloader or spider of the project's own need not have."""


def follow(obj: Any, path: Path) -> Any:
    """Return what is at the end of a path, None where a step is missing."""
    for name in path:
        found = anatomy.attribute(obj, name)
        obj = anatomy.attribute(obj, f"_{name}") if found is None else found
    return obj


def gone(crawler: Any) -> list[Path]:
    """Return what an open crawl does not have, though each has it in Scrapys we know.

    Of a way the first step that is missing; what is read there is unknown then.
    """
    found: list[Path] = []
    for path in ALL:
        above = any(path[: len(each)] == each for each in found)
        if not above and path not in _OF_SOME and follow(crawler, path) is None:
            found.append(path)
    return found


def written(path: Path) -> str:
    """Return a path as source text."""
    return ".".join(("crawler", *path))
