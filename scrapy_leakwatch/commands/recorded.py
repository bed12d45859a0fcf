"""Reads the recordings that a command is given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation import redact

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy_leakwatch.records import Crawl

LONGEST = 1000


def is_recording(name: str) -> bool:
    """Tell whether a person means a recording by a name, and no crawl that runs.

    What can't be looked at, such as a name that is too long, does not exist.
    """
    return os.path.exists(name) or name.endswith(".jsonl")


def read(path: str | Path) -> Crawl:
    """Return what a recording tells. Raises `CommandError` with one line."""
    try:
        return recordings.read(path)
    except recordings.UnreadableRecording as error:
        raise CommandError(redact.text(str(error), LONGEST)) from None
