"""Reads a line of the project with the lines around it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from textwrap import dedent
from typing import NamedTuple

from scrapy_leakwatch.foundation import redact

AROUND = 3
LARGEST_FILE = 1_000_000


class CodeLine(NamedTuple):
    """A line of source; ``meant`` is the one that an explanation names."""

    number: int
    text: str
    meant: bool


def lines_around(location: str, code: str, folder: Path) -> tuple[CodeLine, ...]:
    """Return the lines around ``location`` (``file:line``), below ``folder``.

    Only the line itself where the file is not there, is none of the project,
    or has another line than ``code`` in that place: it has changed since. Of a
    location that is none, nothing.
    """
    name, _, digits = location.rpartition(":")
    if not digits.isdecimal() or len(digits) > len(str(LARGEST_FILE)):
        return ()
    number = int(digits)
    lines = _lines(name, folder)
    alone = (CodeLine(number, redact.code(code), meant=True),)
    if not 0 < number <= len(lines):
        return alone
    if redact.code(lines[number - 1].strip()) != alone[0].text:
        return alone
    first = max(number - AROUND, 1)
    around = dedent("\n".join(lines[first - 1 : number + AROUND])).rstrip().split("\n")
    return tuple(
        CodeLine(at, redact.code(line.rstrip()), at == number)
        for at, line in enumerate(around, first)
    )


def _lines(name: str, folder: Path) -> list[str]:
    """Return the lines of a source file of the project, none of any other file."""
    if PurePosixPath(name).suffix != ".py":
        return []
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return []
        if path.stat().st_size > LARGEST_FILE:
            return []
        return path.read_text(encoding="utf-8").expandtabs(4).split("\n")
    except (OSError, ValueError, RuntimeError):
        return []
