"""Reads source files, also those in an egg: that is how Scrapyd runs a project."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile


def read(path: str, largest: int, until: float) -> bytes:
    """Return what is in a file; nothing if it is larger, or newer than ``until``.

    Raises `OSError` where it can't be read.
    """
    try:
        status = os.stat(path)
    except NotADirectoryError:
        return _member(Path(path), largest, until)
    if status.st_size > largest or status.st_mtime > until:
        return b""
    return Path(path).read_bytes()


def _member(path: Path, largest: int, until: float) -> bytes:
    archive = next(parent for parent in path.parents if parent.exists())
    if archive.stat().st_mtime > until:
        return b""
    try:
        with ZipFile(archive) as opened:
            member = opened.getinfo(path.relative_to(archive).as_posix())
            return opened.read(member) if member.file_size <= largest else b""
    except (KeyError, BadZipFile, RuntimeError, zlib.error) as error:
        raise OSError(f"can't read {path}") from error
