"""Timers without a reactor."""

from __future__ import annotations


class ByHand:
    """A looping call that goes on when a test says so."""

    def __init__(self, function) -> None:
        self.go = function
        self.running = False

    def start(self, interval, *, now) -> None:
        assert not now
        self.running = True

    def stop(self) -> None:
        assert self.running
        self.running = False
