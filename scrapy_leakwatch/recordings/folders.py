"""Finds the recordings below a folder."""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import suppress
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.recordings import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = ".jsonl"
MOST = 20_000
"""Files that are read; of more, those that were written to last."""
MOST_CLOSED = 100
"""Folders that can't be entered; of more, the latest are told."""


class Found(NamedTuple):
    """The files, those that were written to last first.

    ``left_out`` are there besides; ``closed`` are folders that can't be entered.
    """

    paths: list[Path]
    left_out: int
    closed: list[str]


def found(folder: Path, since: float = 0.0) -> Found:
    """Return the files below a folder that are called as recordings are.

    ``since``: only those that were written to then or later (seconds of the epoch).
    Links and hidden folders are passed over. Raises `UnreadableRecording`.
    """
    if not folder.is_dir():
        raise lines.UnreadableRecording(
            f"{folder} is no folder: name the one that the recordings are in."
        )
    closed: deque[str] = deque(maxlen=MOST_CLOSED)
    seen = 0

    def counted() -> Iterator[tuple[float, str]]:
        nonlocal seen
        for each in _files(folder, closed):
            if each[0] >= since:
                seen += 1
                yield each

    newest = nlargest(MOST, counted())
    return Found([Path(name) for _, name in newest], seen - len(newest), list(closed))


def _files(folder: Path, closed: deque[str]) -> Iterator[tuple[float, str]]:
    """Yield when each file was written to last, and its path."""

    def note(error: OSError) -> None:
        closed.append(str(error.filename))

    for inside, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.endswith(ENDING):
                continue
            with suppress(OSError):
                path = os.path.join(inside, name)
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode):
                    yield status.st_mtime, path
