"""Looks now and then whether a forked child has its answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from scrapy_leakwatch.internals.versions import create_looping_call, event_loop, is_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.crawl.guard import Guard
    from scrapy_leakwatch.explain import Asked

Answer = TypeVar("Answer")

POLL_S = 0.05
"""Seconds between looks. A reader in the reactor would tell at once, but would be one
more thing there that a crawl could close, count or stumble over."""


class Inquiry(Generic[Answer]):
    """One question under way; the crawl goes on meanwhile.

    ``then`` gets the answer in a later turn of the event loop, or None after an
    error of ours, which ``guard`` has logged. It must not raise.
    """

    def __init__(
        self,
        asked: Asked[Answer],
        then: Callable[[Answer | None], None],
        guard: Guard,
    ) -> None:
        self._loop = event_loop()
        self._asked = asked
        self._then = then
        self._guard = guard
        self._give_up_at: float | None = None
        self._waiting: list[Deferred[None]] = []
        self._timer: Any = create_looping_call(self._poll)
        self._timer.start(POLL_S, now=False)

    def settled(self, within_s: float | None = None) -> Deferred[None]:
        """Return what fires once ``then`` was called, at the latest so soon."""
        if within_s is not None:
            self._give_up_at = time.monotonic() + within_s
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def abandon(self) -> None:
        """End the child; ``then`` gets None."""
        self._settle(None)

    @property
    def stranded(self) -> bool:
        """Tell whether the event loop that it waits in will never run again."""
        return is_over(self._loop)

    def drop(self) -> None:
        """End the child and tell nobody: who asked is gone with the event loop."""
        self._asked.end()

    def _poll(self) -> None:
        answer = self._guard(self._asked.poll)
        if answer is None and self._is_late():
            answer = self._guard(self._asked.stop)
        if answer is not None or self._guard.off:
            self._settle(answer)

    def _settle(self, answer: Answer | None) -> None:
        # Not behind the guard: the child must go when that is off, too.
        self._asked.end()
        self._timer.stop()
        self._then(answer)
        for waiting in self._waiting:
            waiting.callback(None)

    def _is_late(self) -> bool:
        return self._give_up_at is not None and time.monotonic() > self._give_up_at
