"""What a command needs of a running crawl, in whichever way that is reached."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation import redact

ANSWERS_WITHIN_S = 5.0
"""What is granted beyond the time that a question takes."""
SOON_S = 30.0
LARGEST = 10_000_000
"""Bytes of an answer."""
LONGEST = 500
PACKAGE = "scrapy_leakwatch"


class CrawlGoneError(CommandError):
    """The crawl does not answer any more."""


class Asked(Protocol):
    """A running crawl that can be asked, also by several threads at once."""

    def ask(self, question: str, *given: str | None, within_s: float = SOON_S) -> str:
        """Return what `remote.attached.answer` answers there.

        Raises `CrawlGoneError` when the crawl does not answer, `CommandError` when it
        could not do it.
        """

    def make_folder(self) -> Path:
        """Return a new folder that only the crawl and this process can reach."""


def private_folder(inside: Path | None = None) -> Path:
    """Return a new folder for this user alone. Raises `CommandError`.

    It is where temporary files are, unless ``inside`` says otherwise.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="leakwatch-", dir=inside))
    except OSError as error:
        raise CommandError(
            f"There is no place for temporary files ({error.strerror}): set TMPDIR"
            " to a folder."
        ) from None


def failure(error: str) -> str:
    """Return what to say of an error in the crawl, given as ``Class: what it says``."""
    absent = error.startswith("ModuleNotFoundError")
    if absent and f"'{PACKAGE}'" in error:
        return (
            "The crawl runs in an environment without this version of"
            " scrapy-leakwatch: install it there; a running crawl can use it at once."
        )
    if (absent or error.startswith("AttributeError")) and f"'{PACKAGE}." in error:
        return (
            "The crawl runs with an older version of scrapy-leakwatch: upgrade it"
            " there, and start the crawl anew."
        )
    return f"The crawl could not do it: {redact.text(error, LONGEST)}"
