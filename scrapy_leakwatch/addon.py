"""Enables LeakWatch through ``ADDONS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.misc import load_object

from scrapy_leakwatch.extension import LeakWatch

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

ORDER = 500


class LeakWatchAddon:
    """Adds `LeakWatch` to the extensions, unless they name it already.

    An order that the project gave it, or None to switch it off, stays.
    """

    def update_settings(self, settings: BaseSettings) -> None:
        """Change the settings of a crawler; Scrapy calls this."""
        if not _named(settings):
            settings["EXTENSIONS"].set(LeakWatch, ORDER, priority="addon")


def enable(settings: BaseSettings, priority: str) -> None:
    """Add `LeakWatch` to the extensions, also where they switch it off."""
    if not is_enabled(settings):
        named = _named(settings) or [LeakWatch]
        settings["EXTENSIONS"].set(named[0], ORDER, priority=priority)


def is_enabled(settings: BaseSettings) -> bool:
    """Tell whether the extensions have `LeakWatch`, and do not switch it off."""
    extensions = settings["EXTENSIONS"]
    return any(extensions.get(name) is not None for name in _named(settings))


def _named(settings: BaseSettings) -> list[object]:
    return [name for name in settings["EXTENSIONS"] if _is_leakwatch(name)]


def _is_leakwatch(extension: object) -> bool:
    return extension is LeakWatch or (
        isinstance(extension, str)
        and extension.startswith(__package__)
        and load_object(extension) is LeakWatch
    )
