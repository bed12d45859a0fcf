"""How a command ends; CI reads this."""

from __future__ import annotations

CLEAN = 0
ERROR = 1
LEAKS = 3
TOO_LITTLE = UNWATCHED = 4
UNFINISHED = 75
"""Requests wait, and the same command goes on with them: EX_TEMPFAIL of sysexits.h."""
"""2 is taken: a command line that makes no sense, as everywhere in Scrapy."""


class CommandError(Exception):
    """A command can't do what it should; the message is one line with the remedy."""
