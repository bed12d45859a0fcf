"""Looks now and then whether a forked child has its answer."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred

from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.internals.versions import create_looping_call, event_loop, is_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.explain import Asked

Answer = TypeVar("Answer")

POLL_S = 0.05
"""Seconds between looks. A reader in the reactor would tell at once, but would be one
more thing there that a crawl could close, count or stumble over."""


class Inquiry(Generic[Answer]):
    """The one question of the process that is under way; its crawls go on meanwhile.

    Who asks looks at `under_way` before. ``then`` gets the answer in a later turn of
    the event loop, or None after an error of ours, which ``guard`` has logged.
    """

    _under_way: ClassVar[Inquiry[Any] | None] = None

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
        self._give_up_at = math.inf
        self._waiting: dict[Deferred[None], float] = {}
        try:
            self._timer: Any = create_looping_call(self._poll)
            self._timer.start(POLL_S, now=False)
        except Exception:
            asked.end()
            raise
        Inquiry._under_way = self

    @classmethod
    def under_way(cls) -> Inquiry[Any] | None:
        """Return the question that waits for its answer, of whatever crawl.

        One whose event loop will never run again is given up.
        """
        found = Inquiry._under_way
        if found is not None and is_over(found._loop):
            found._asked.end()  # who asked is gone
            Inquiry._under_way = None
        return Inquiry._under_way

    def settled(
        self, within_s: float = math.inf, *, gives_up: bool = True
    ) -> Deferred[None]:
        """Return what fires once ``then`` was called, at the latest so soon.

        Who asked ``gives_up`` the question then; for others it goes on.
        """
        until = time.monotonic() + within_s
        waiting: Deferred[None] = Deferred()
        if gives_up:
            self._give_up_at = until
            until = math.inf  # it waits until the child is gone, too
        self._waiting[waiting] = until
        return waiting

    @classmethod
    async def turn(cls, within_s: float) -> bool:
        """Wait, so long at most, until the process may ask; tell whether it may."""
        left, until = within_s, time.monotonic() + within_s
        while (asking := cls.under_way()) is not None and left > 0:
            await maybe_deferred_to_future(asking.settled(left, gives_up=False))
            left = until - time.monotonic()  # another may have been faster
        return asking is None

    def abandon(self) -> None:
        """End the child; ``then`` gets None."""
        self._settle(None)

    def _poll(self) -> None:
        answer = self._guard.poll(self._asked.poll)
        if answer is None and self._is_late():
            answer = self._guard(self._asked.stop)
        if answer is not None or self._guard.off:
            self._settle(answer)
        else:
            self._let_go(time.monotonic())

    def _settle(self, answer: Answer | None) -> None:
        # Not behind the guard: the child must go when that is off, too.
        self._asked.end()
        self._timer.stop()
        if Inquiry._under_way is self:
            Inquiry._under_way = None
        Guard("hand on an answer", None)(self._then, answer)
        self._let_go(math.inf)

    def _let_go(self, now: float) -> None:
        """Have those go on who have waited for long enough."""
        for waiting in [each for each, until in self._waiting.items() if until <= now]:
            del self._waiting[waiting]
            waiting.callback(None)

    def _is_late(self) -> bool:
        return time.monotonic() > self._give_up_at
