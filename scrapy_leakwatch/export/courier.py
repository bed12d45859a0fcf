"""Carries something away in a thread of its own, the newest first."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from scrapy.utils.defer import maybe_deferred_to_future

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.internals.versions import pause

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S = 5.0
"""After which what is under way is broken off, once there is something newer."""
TURN_S = 0.01
BROKEN_OFF_S = 0.5
"""How long is waited for what was broken off."""


class Courier:
    """Calls ``carry`` once for all that was given while it was away.

    There is never more than one call at a time, and nobody waits for it. ``carry`` may
    raise; what that says is the ``failure`` until it works again. ``break_off``, called
    from another thread, makes it end.
    """

    def __init__(
        self, carry: Callable[[], None], break_off: Callable[[], None] = lambda: None
    ) -> None:
        self._carry = carry
        self._break_off = break_off
        self._news = threading.Condition()
        self._given = self._carried = 0
        self._left_at: float | None = None
        self._ends = False
        self.failure = ""
        self._thread = threading.Thread(
            target=self._run, name="leakwatch-courier", daemon=True
        )
        self._thread.start()

    def give(self) -> None:
        """Have it carried as soon as the one before is done."""
        with self._news:
            self._given += 1
            self._news.notify()
        left_at = self._left_at
        if left_at is not None and time.monotonic() > left_at + LONGEST_S:
            self._break_off()

    async def settled(self, within_s: float) -> None:
        """Wait until all that was given is carried, or has failed."""
        given, until = self._given, time.monotonic() + within_s
        while self._carried < given and time.monotonic() < until:
            await maybe_deferred_to_future(pause(TURN_S))

    async def end(self) -> None:
        """End the thread; what is still under way is broken off."""
        with self._news:
            self._ends = True
            self._news.notify()
        until = time.monotonic() + BROKEN_OFF_S
        while self._thread.is_alive() and time.monotonic() < until:
            if self._left_at is not None:
                self._break_off()
            await maybe_deferred_to_future(pause(TURN_S))

    def _run(self) -> None:
        while (given := self._wait()) is not None:
            self._left_at = time.monotonic()
            try:
                self._carry()
                self.failure = ""
            except Exception as error:  # noqa: BLE001, this thread has no other border
                self.failure = _reason(error)
            self._left_at = None
            self._carried = given

    def _wait(self) -> int | None:
        """Return up to what is to be carried now, None for the end."""
        with self._news:
            while self._carried == self._given and not self._ends:
                self._news.wait()
            return None if self._ends else self._given


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return redact.text(str(error)) or type(error).__name__
