"""Looks right after each full garbage collection, when dead cycles are gone.

Responses end in reference cycles, so in a healthy crawl hundreds of dead ones
come and go between two full collections. What is alive right after one was
reachable at that moment: the floor under the sawtooth.
"""

from __future__ import annotations

import gc
import threading
from collections import deque
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation.freezer import freezer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy_leakwatch.records import Floor

FULL = 2
MOST_FLOORS = 64


class FullCollections:
    """The floors since the last `drain`, at most the last 64.

    ``look`` is called inside the collector, in the thread that called `start`;
    it must not raise, and may return None where there is nothing to see.
    """

    def __init__(self, look: Callable[[], Floor | None]) -> None:
        self._look = look
        self._floors: deque[Floor] = deque(maxlen=MOST_FLOORS)
        self._thread = 0

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.get_ident()
        gc.callbacks.append(self._collector_ran)

    def stop(self) -> None:
        """Stop looking; nothing is left in the collector."""
        if self._collector_ran in gc.callbacks:
            gc.callbacks.remove(self._collector_ran)

    def drain(self) -> tuple[Floor, ...]:
        """Return the floors since the last call, oldest first."""
        floors = tuple(self._floors)
        self._floors.clear()
        return floors

    def _collector_ran(self, phase: str, info: Mapping[str, int]) -> None:
        if phase != "stop" or info["generation"] != FULL or freezer.frozen:
            return
        # In another thread the engine may be in the middle of a change.
        if threading.get_ident() == self._thread and (floor := self._look()):
            self._floors.append(floor)
