"""A temporary folder that ends with its crawl, also where the crawl was killed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # no Unix: there nobody sweeps
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "leakwatch-report-"
MOST = 10_000
"""Entries of the folder for temporary files that are looked at."""
SETTLED_S = 60.0
"""Within this time of its making each folder is locked."""


class OwnFolder:
    """A folder for its owner alone, locked as long as this process uses it.

    The lock tells those of dead processes from others; a pid would not, where two
    containers share the folder for temporary files. Raises `OSError`.
    """

    def __init__(self) -> None:
        sweep()
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.path = Path(self._folder.name)
        self._lock = _locked(self.path)

    def cleanup(self) -> None:
        """Remove it, with all that is in it."""
        self._folder.cleanup()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def sweep() -> None:
    """Remove the folders that killed crawls of this user have left."""
    if fcntl is None:
        return
    for path in _settled():
        lock = _locked(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _settled() -> Iterator[Path]:
    """Yield the folders of this user that have had the time to be locked."""
    made = re.compile(re.escape(PREFIX) + r"\w+")
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in islice(entries, MOST):
            if not made.fullmatch(entry.name):
                continue
            status = entry.stat(follow_symlinks=False)
            ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if ours and status.st_mtime < time.time() - SETTLED_S:
                yield Path(entry.path)


def _locked(path: Path) -> int | None:
    """Return the lock of a folder, None where another has it, or there are none."""
    if fcntl is None:
        return None
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd
