"""The lines of a recording, as they are in the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from scrapy_leakwatch.records import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Line: TypeAlias = "dict[str, Any]"

LONGEST = 4 * 1024 * 1024
"""Bytes of a line; a longer one is not of a recording."""


class UnreadableRecording(Exception):  # noqa: N818, it says what is the matter
    """The file can't be read as a recording; the message says why, and the remedy."""


def opened(path: Path) -> BinaryIO:
    """Return the file at ``path``, open. Raises `UnreadableRecording`."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UnreadableRecording(
            f"{path} does not exist: name the file that the setting LEAKWATCH_RECORD"
            " made; the log of the crawl has its path."
        ) from None
    except IsADirectoryError:
        newest = max(path.glob("*.jsonl"), key=_changed, default=None)
        hint = f"such as the newest, {newest}" if newest else "there is none in it"
        raise UnreadableRecording(
            f"{path} is a directory: name a recording, {hint}."
        ) from None
    except (OSError, ValueError) as error:
        raise refused(path, error) from None


def refused(path: Path, error: OSError | ValueError) -> UnreadableRecording:
    """Return the error of a file that the system does not give."""
    reason = getattr(error, "strerror", None) or error
    return UnreadableRecording(
        f"{path} can't be read ({reason}): name a recording that you may read."
    )


def no_recording(path: Path) -> UnreadableRecording:
    """Return the error of a file that is something else."""
    return UnreadableRecording(
        f"{path} is no recording of LeakWatch: its first line does not describe a"
        " crawl. Name a file that the setting LEAKWATCH_RECORD made."
    )


def each(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines with their ends; of one that is too long the begin, without."""
    while line := file.readline(LONGEST):
        yield line
        while not line.endswith(b"\n"):
            if not (line := file.readline(LONGEST)):
                return


def parsed(line: bytes) -> Line:
    """Return what a line holds. Raises `ValueError` when it is broken."""
    try:
        found = json.loads(line)
    except RecursionError:
        raise ValueError("nested without end") from None
    if isinstance(found, dict) and isinstance(found.get("type"), str):
        return found
    raise ValueError("no line of a recording")


def first(file: BinaryIO, path: Path) -> Line:
    """Return the first line, that of the run.

    Raises `UnreadableRecording`, and `ValueError` when it is something else.
    """
    line = file.readline(LONGEST)
    if not line:
        raise UnreadableRecording(
            f"{path} is empty: the crawl that should write it has not begun, or"
            " could not write."
        )
    run = parsed(line)
    if run["type"] != "run" or "schema" not in run:
        raise no_recording(path)
    if run["schema"] != SCHEMA:
        raise UnreadableRecording(
            f"{path} has schema {str(run['schema'])[:20]}, and this version reads"
            f" schema {SCHEMA}: read it with the version of scrapy-leakwatch that"
            " wrote it, or a newer one."
        )
    return run


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
