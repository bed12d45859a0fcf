"""Has LeakWatch watch crawls, and write recordings where a test finds them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.extension import ExtensionManager

from scrapy_leakwatch.addon import LeakWatchAddon
from scrapy_leakwatch.checks.checked import complaint, read
from scrapy_leakwatch.config import Config, ConfigError
from scrapy_leakwatch.crawl.guard import logger
from scrapy_leakwatch.foundation import collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from scrapy_leakwatch.records import Crawl

INTERVAL = 0.1
"""Seconds between samples at most: the crawl of a test is short."""


class Watched:
    """A crawler under watch, and whether it ever crawled.

    Keeps nothing of the crawler. ``settings`` are LeakWatch's, and go before the
    crawler's own; one that switches LeakWatch off is left alone.
    """

    def __init__(
        self, crawler: Crawler, recording: Path, settings: Mapping[str, Any]
    ) -> None:
        self.opened = False
        self._recording = recording
        switch_on(crawler.settings, recording, settings)
        self._refused = _refused(crawler.settings)
        crawler.signals.connect(self._spider_opened, signals.spider_opened)

    def complaint(self, errors: list[str]) -> str:
        """Return what the test fails with, "" where the crawl is healthy."""
        crawl = self.read()
        if crawl is not None:
            return complaint(crawl, errors)
        reasons = [self._refused, *errors]
        return "LeakWatch did not watch a crawl: " + "\n".join(filter(None, reasons))

    def read(self) -> Crawl | None:
        """Return what was recorded, None where it was not."""
        return read(self._recording)

    def _spider_opened(self) -> None:
        self.opened = True


class Crawls:
    """The crawls that began meanwhile, and the errors that LeakWatch logged."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        self._watched: list[Watched] = []
        self.errors: list[str] = []

    def add(self, crawler: Crawler) -> None:
        """Watch a crawler."""
        recording = self._folder / f"{len(self._watched)}.jsonl"
        self._watched.append(Watched(crawler, recording, self._settings))

    @property
    def opened(self) -> list[Watched]:
        """Those that crawled; many a test makes a crawler for its settings only."""
        return [each for each in self._watched if each.opened]

    def read(self) -> list[Crawl]:
        """Return what was recorded of them."""
        found = (each.read() for each in self.opened)
        return [crawl for crawl in found if crawl is not None]

    def complaints(self) -> list[str]:
        """Return what is wrong with the crawls."""
        said = [each.complaint(self.errors) for each in self.opened]
        return [each for each in said if each]


@contextmanager
def watching(folder: Path, settings: Mapping[str, Any]) -> Iterator[Crawls]:
    """Watch each crawl that begins meanwhile; the recordings go to ``folder``.

    A crawler's settings are final when it has its extensions built: that is the
    moment to change them.
    """
    crawls = Crawls(folder, settings)
    build = ExtensionManager.from_crawler

    def watched(crawler: Crawler) -> ExtensionManager:
        crawls.add(crawler)
        return build(crawler)

    errors = _Errors(crawls.errors)
    logger.addHandler(errors)
    ExtensionManager.from_crawler = watched  # type: ignore[method-assign]
    try:
        yield crawls
    finally:
        del ExtensionManager.from_crawler  # it is inherited
        logger.removeHandler(errors)


def switch_on(
    settings: BaseSettings, recording: Path, changes: Mapping[str, Any]
) -> None:
    """Change the settings of a crawler so that it is watched."""
    LeakWatchAddon().update_settings(settings)
    usual = {"LEAKWATCH_INTERVAL": min(_interval(settings), INTERVAL)}
    path = str(recording).replace("%", "%%")
    for name, value in {**usual, **changes, "LEAKWATCH_RECORD": path}.items():
        settings.set(name, value, priority="cmdline")


class _Errors(logging.Handler):
    """Collects the errors that LeakWatch logs of itself."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        self._seen.append(self.format(record))


def _interval(settings: BaseSettings) -> float:
    try:
        return Config.from_settings(settings).interval
    except ConfigError:  # which is the reason that the test gets
        return INTERVAL


def _refused(settings: BaseSettings) -> str:
    """Return why a crawl with these settings is not watched."""
    try:
        enabled = Config.from_settings(settings).enabled
    except ConfigError as error:
        return str(error)
    return collector.refusal() if enabled else "LEAKWATCH_ENABLED is off"
