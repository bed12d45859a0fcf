"""Has all crawls of a process sampled by one timer, one in each turn of the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from scrapy_leakwatch.internals.versions import create_looping_call, event_loop, is_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Look = Callable[[], None]

TURN_S = 0.001
"""Seconds between two samples of a round: fifty in a row would be a stall."""


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
        self._due: list[Look] = []
        self._timer = create_looping_call(self._go)
        self._turns: Any = None  # where there are several

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
            self._end_turns()

    def _go(self) -> None:
        # Who was not reached in the last round comes first: the turns of a busy loop
        # may take longer than the interval.
        self._due += [look for look in self._looks if look not in self._due]
        self._turn()
        if self._due and self._looks:
            self._turns = self._turns or create_looping_call(self._turn)
            if not self._turns.running:
                self._turns.start(TURN_S, now=False)

    def _turn(self) -> None:
        while self._due:
            look = self._due.pop(0)
            if look in self._looks:  # the one before may have closed its spider
                look()
                break
        if not self._due:
            self._end_turns()

    def _end_turns(self) -> None:
        if self._turns is not None and self._turns.running:
            self._turns.stop()
