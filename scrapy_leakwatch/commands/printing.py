"""Prints lines: in colour on a terminal, as plain text into a pipe."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any, TextIO

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.report.machine.answer import printed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.report.lines import Line

LONGEST = 10_000
PIPE = (100, 30)
"""Columns and rows where there is no terminal to ask."""
NARROWEST = 60
"""A terminal with fewer columns gets plain text, which it breaks itself."""


def width() -> int:
    """Return the columns of the terminal, or of the environment's ``COLUMNS``."""
    return shutil.get_terminal_size(PIPE).columns


def in_colour(file: TextIO) -> bool:
    """Tell whether lines that are printed there are painted."""
    return file.isatty() and width() >= NARROWEST


def say(lines: Iterable[Line], file: TextIO | None = None) -> None:
    """Print lines. No text in them can do more than be read."""
    file = file or sys.stdout
    if hasattr(file, "reconfigure"):
        file.reconfigure(errors="replace")  # a terminal that knows no bars
    clean = ((redact.text(line.text, LONGEST), line.style) for line in lines)
    if not in_colour(file):
        for text, _ in clean:
            file.write(f"{text}\n")
        return
    from rich.console import Console  # noqa: PLC0415, only where it is seen
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=file, highlight=False, markup=False, emoji=False)
    for text, style in clean:
        console.print(Text(text, style), soft_wrap=True)


def say_json(found: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print what programs read."""
    sys.stdout.write(f"{printed(found)}\n")
