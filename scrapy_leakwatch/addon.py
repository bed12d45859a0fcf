"""Enables LeakWatch through ``ADDONS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.misc import load_object
from scrapy.utils.python import global_object_name

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

ORDER = 500
EXTENSION = "scrapy_leakwatch.LeakWatch"
NAMES = (EXTENSION, "scrapy_leakwatch.extension.LeakWatch")
"""What settings call it. A command that watches no crawl itself has it not imported."""


class LeakWatchAddon:
    """Adds `LeakWatch` to the extensions, unless they name it already.

    An order that the project gave it, or None to switch it off, stays.
    """

    def update_settings(self, settings: BaseSettings) -> None:
        """Change the settings of a crawler; Scrapy calls this."""
        if not _named(settings):
            settings["EXTENSIONS"].set(EXTENSION, ORDER, priority="addon")


def enable(settings: BaseSettings, priority: str) -> None:
    """Add `LeakWatch` to the extensions, also where they switch it off."""
    if not is_enabled(settings):
        named = _named(settings) or [EXTENSION]
        settings["EXTENSIONS"].set(named[0], ORDER, priority=priority)


def is_enabled(settings: BaseSettings) -> bool:
    """Tell whether the extensions have `LeakWatch`, and do not switch it off."""
    extensions = settings["EXTENSIONS"]
    return any(extensions.get(name) is not None for name in _named(settings))


def _named(settings: BaseSettings) -> list[object]:
    return [name for name in settings["EXTENSIONS"] if _is_leakwatch(name)]


def _is_leakwatch(extension: object) -> bool:
    name = global_object_name(extension) if isinstance(extension, type) else extension
    if name in NAMES:
        return True
    if isinstance(name, str) and name.startswith(__package__):
        load_object(name)  # where there is no such thing it says so
    return False
