"""Where the parts of a crawl are: the attributes of Scrapy that are followed.

``tests/test_internals.py`` follows each in a crawl of the Scrapy at hand, and fails
when one is gone.
"""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy

Path = tuple[str, ...]
"""Attributes from a crawler on; without a ``_`` before some in newer Scrapys."""

ENGINE: Path = ("engine",)
PAUSED: Path = (*ENGINE, "paused")
ENGINE_SLOT: Path = (*ENGINE, "slot")
SCHEDULER: Path = (*ENGINE_SLOT, "scheduler")
MEMORY_QUEUE: Path = (*SCHEDULER, "mqs")
DISK_QUEUE: Path = (*SCHEDULER, "dqs")
DUPLICATE_FILTER: Path = (*SCHEDULER, "df")
DOWNLOADER: Path = (*ENGINE, "downloader")
DOWNLOADING: Path = (*DOWNLOADER, "active")
DOWNLOAD_HANDLERS: Path = (*DOWNLOADER, "handlers")
OPEN_HANDLERS: Path = (*DOWNLOAD_HANDLERS, "handlers")
DOWNLOADER_MIDDLEWARES: Path = (*DOWNLOADER, "middleware")
SCRAPER: Path = (*ENGINE, "scraper")
SCRAPER_SLOT: Path = (*SCRAPER, "slot")
IN_SCRAPER: Path = (*SCRAPER_SLOT, "active")
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


def follow(obj: Any, path: Path) -> Any:
    """Return what is at the end of a path, None where a step is missing."""
    for name in path:
        found = anatomy.attribute(obj, name)
        obj = anatomy.attribute(obj, f"_{name}") if found is None else found
    return obj


def written(path: Path) -> str:
    """Return a path as source text."""
    return ".".join(("crawler", *path))
