"""Puts a file where others may write too, and never through what they left there."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 4096
"""Bytes by which a file is recognised."""


class OccupiedError(OSError):
    """Something is there that is not replaced; ``strerror`` says what."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EEXIST, what)


def named(template: str, spider: str) -> Path:
    """Return the path of a template, as feeds fill it: ``%(name)s``, ``%(time)s``."""
    now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
    return Path(template % {"name": spider, "time": now.isoformat().replace(":", "-")})


def put(
    path: Path, content: bytes, is_ours: Callable[[bytes], bool], mode: int = 0o600
) -> None:
    """Put a file of this ``mode`` at ``path``, whole or not at all. Folders are made.

    Replaces a file that is empty, or one that ``is_ours`` tells by its first `HEAD`
    bytes; a link is not followed. Raises `OccupiedError` where something else is
    there, `OSError` and `ValueError` where the system refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _check(path, is_ours)
    fd, new = tempfile.mkstemp(prefix=".leakwatch-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        os.chmod(new, mode)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def check_free(path: Path, *, or_link: bool = False) -> bool:
    """Tell whether nothing is there; raise `OccupiedError` if it is no file."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(mode) and not (or_link and stat.S_ISLNK(mode)):
        raise OccupiedError(_kind(mode))
    return False


def _check(path: Path, is_ours: Callable[[bytes], bool]) -> None:
    if check_free(path):
        return
    # It may have become a link or a pipe meanwhile: neither is followed or waited for.
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, os.O_RDONLY | careful), "rb") as file:
        head = file.read(HEAD)
    if head and not is_ours(head):
        raise OccupiedError("a file of another kind")


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"
