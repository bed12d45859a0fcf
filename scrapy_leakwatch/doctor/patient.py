"""What the checks are about: a crawl that never begins, with a project's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config, ConfigError
from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


class _Spider(Spider):
    name = "doctor"


@dataclass(frozen=True, slots=True)
class Patient:
    """A crawler and its settings, with what add-ons have made of them.

    ``config`` is what LeakWatch reads there; the defaults where it can't, and then
    ``wrong`` says why. ``addon_failed`` is the error of an add-on.
    """

    crawler: Crawler
    settings: BaseSettings
    config: Config
    wrong: str = ""
    addon_failed: str = ""


def patient(settings: Settings) -> Patient:
    """Return what is examined; the settings that are given stay as they are."""
    crawler = Crawler(_Spider, settings.copy())
    failed = _load_addons(crawler)
    try:
        config, wrong = Config.from_settings(crawler.settings), ""
    except ConfigError as error:
        config, wrong = Config.from_settings(Settings()), str(error)
    return Patient(crawler, crawler.settings, config, wrong, failed)


def _load_addons(crawler: Crawler) -> str:
    """Have the add-ons change the settings, as a crawl does; return what failed."""
    try:
        crawler.addons.load_settings(crawler.settings)
    except Exception as error:  # noqa: BLE001, it is foreign code
        return reason(error)
    return ""


def reason(error: Exception) -> str:
    """Return what an error says, on one line and without secrets."""
    text = " ".join(f"{anatomy.name(type(error))}: {error}".split())
    return redact.url(text.rstrip(":"))
