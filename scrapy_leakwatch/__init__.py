"""A memory-leak detector for Scrapy crawls.

The way the data goes, one frozen record on each arrow::

    settings --config--> Config
    crawl --observe--> Sample --judge--> Suspicion --explain--> Explanation
          --judge--> Verdict --report--> log, stats, recording

``observe`` reads the live process, ``judge`` is pure, ``explain`` looks in a forked
child who holds what, ``report`` renders and writes. They know the records and not
each other; `watch` puts them together for one crawl, and `extension` binds that to
Scrapy's signals.

Importing this package imports none of it, nor Scrapy: pytest does so in every
project that has it installed, for the plugin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy_leakwatch.addon import LeakWatchAddon
    from scrapy_leakwatch.extension import LeakWatch
    from scrapy_leakwatch.observe.tracking import track

__version__ = "0.2.0"

__all__ = ["LeakWatch", "LeakWatchAddon", "track"]

_HOMES = {
    "LeakWatch": "extension",
    "LeakWatchAddon": "addon",
    "track": "observe.tracking",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
