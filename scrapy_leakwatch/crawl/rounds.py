"""Has all crawls of a process sampled by one timer, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from scrapy_leakwatch.internals.versions import create_looping_call, event_loop, is_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Look = Callable[[], None]


class Rounds:
    """A timer for the crawls that are sampled every ``interval_s`` seconds.

    `join` gives the one that there is: crawls side by side wake the process
    once, not once each.
    """

    _all: ClassVar[list[Rounds]] = []

    def __init__(self, loop: Any, interval_s: float) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._looks: list[Look] = []
        self._timer = create_looping_call(self._go)

    @classmethod
    def join(cls, look: Look, interval_s: float) -> Rounds:
        """Call ``look`` now, and then in each round. It must not raise."""
        loop = event_loop()
        cls._all[:] = [each for each in cls._all if not is_over(each._loop)]
        for rounds in cls._all:
            if rounds._loop is loop and rounds._interval_s == interval_s:
                break
        else:
            rounds = cls(loop, interval_s)
            rounds._timer.start(interval_s, now=False)
            cls._all.append(rounds)
        rounds._looks.append(look)
        look()
        return rounds

    def leave(self, look: Look) -> None:
        """Call ``look`` no more; the last to leave stops the timer."""
        if look in self._looks:
            self._looks.remove(look)
        if not self._looks and self in Rounds._all:
            Rounds._all.remove(self)
            self._timer.stop()

    def _go(self) -> None:
        for look in tuple(self._looks):
            if look in self._looks:  # the one before may have closed its spider
                look()
