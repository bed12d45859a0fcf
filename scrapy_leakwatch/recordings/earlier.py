"""Finds the recording of the crawl before."""

from __future__ import annotations

import glob
import os
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10_000
"""Files of the name that are looked at."""
_ANY = "\0"


def latest(template: str, spider: str) -> Path | None:
    """Return the newest file that ``LEAKWATCH_RECORD`` may have named for a spider."""
    try:
        path = template % {"name": spider, "time": _ANY}
        base, extension = os.path.splitext(glob.escape(path))
        found = islice(glob.iglob(f"{base}*{extension}".replace(_ANY, "*")), MOST)
        return max(_files(found), default=(0.0, None))[1]
    except (KeyError, ValueError, TypeError, OSError):  # the crawl will say what is bad
        return None


def _files(names: Iterator[str]) -> Iterator[tuple[float, Path]]:
    for name in names:
        with suppress(OSError):
            found = os.lstat(name)
            if stat.S_ISREG(found.st_mode):
                yield found.st_mtime, Path(name)
