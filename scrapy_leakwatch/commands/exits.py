"""How a command ends; CI reads this. 2 is Scrapy's, for a senseless command line."""

from __future__ import annotations

CLEAN = 0
"""Clean, or shown."""
ERROR = 1
"""An error, told in one line on stderr."""
LEAKS = 3
"""It leaks (``run``, ``attach``), or something new does (``diff``)."""
TOO_LITTLE = UNWATCHED = 4
"""Measured too little to say, or not watched (``run``, ``diff``); no crawl can be
watched here (``doctor``)."""
UNFINISHED = 75
"""Requests wait, and the same command goes on with them (``run``): EX_TEMPFAIL of
sysexits.h."""


class CommandError(Exception):
    """A command can't do what it should; the message is one line with the remedy."""
