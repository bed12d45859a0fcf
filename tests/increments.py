"""A collector as that of Python 3.14.0 to 3.14.4: none of its collections is full.

What it reports is all that is changed; dead cycles go when they would go anyway.
"""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.observe import full_collections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Callback = Callable[[str, Mapping[str, int]], None]

MIDDLE = 1


class Callbacks:
    """Stands for ``gc.callbacks``, and says "1" of each collection."""

    def __init__(self) -> None:
        self._called: dict[Callback, Any] = {}

    def append(self, callback: Callback) -> None:
        def ran(phase: str, info: Mapping[str, int]) -> None:
            callback(phase, {**info, "generation": MIDDLE})

        self._called[callback] = ran
        gc.callbacks.append(ran)

    def remove(self, callback: Callback) -> None:
        gc.callbacks.remove(self._called.pop(callback))

    def __contains__(self, callback: Callback) -> bool:
        return callback in self._called


def stand_in() -> Any:
    """Return what can stand for the module `gc` where only its callbacks are used."""
    return SimpleNamespace(callbacks=Callbacks())


def install() -> None:
    """Have the collector of this process be one."""
    full_collections.gc = stand_in()
    collector.in_increments = lambda: True
