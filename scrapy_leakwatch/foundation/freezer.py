"""Keeps the collector from the old objects while a child shares their pages.

A full collection writes to the header of every object. While a forked child
lives, each page written to is copied: the memory of the crawl would double.
Frozen objects are left alone; what the crawl makes meanwhile is collected as
ever. Both steps join lists and take no time.
"""

from __future__ import annotations

import gc

OF_THE_INTERPRETER = 1_000
"""Fewer are no freeze of the project: Python 3.12 keeps some 400 immortal there."""


class Freezer:
    """Freezes while somebody needs it; leaves alone what others froze."""

    def __init__(self) -> None:
        self._needed = 0
        self._frozen = False

    @property
    def frozen(self) -> bool:
        """Tell whether a collection now would pass over the old objects."""
        return self._frozen

    def freeze(self) -> None:
        """Freeze all objects, until as many `thaw` as `freeze`."""
        self._needed += 1
        if not self._frozen and gc.get_freeze_count() < OF_THE_INTERPRETER:
            gc.freeze()
            self._frozen = True

    def thaw(self) -> None:
        """Undo one `freeze`."""
        self._needed -= 1
        if self._frozen and self._needed == 0:
            gc.unfreeze()
            self._frozen = False


freezer = Freezer()
"""The collector is one for the process, and so is this."""
