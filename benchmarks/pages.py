"""Puts what was measured into a page of the documentation."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DOCS = Path(__file__).parent.parent / "docs"


def put(page: str, part: str, lines: Iterable[str]) -> None:
    """Replace what stands between the marks of a part of ``docs/PAGE.rst``."""
    path = DOCS / f"{page}.rst"
    begin, end = f".. {part} begins\n", f".. {part} ends\n"
    before, found, rest = path.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{path} has no {begin.strip()!r} and {end.strip()!r}")
    text = "\n".join(["", *lines, "", ""])
    path.write_text(before + begin + text + end + after)


def draw(name: str, svg: str) -> None:
    """Write a chart of the documentation."""
    folder = DOCS / "_static"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.svg").write_text(svg)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in reStructuredText."""
    all_rows = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*all_rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def line(row: Sequence[str]) -> str:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(wide) for cell, wide in others)]
        return "  ".join(cells).rstrip()

    return [rule, line(all_rows[0]), rule, *map(line, all_rows[1:]), rule]


def circumstances(packages: Iterable[str] = ()) -> str:
    """Return where and when this was measured, in a sentence."""
    load = os.getloadavg()[0]
    named = [f"{name} {version(name)}" for name in ("Scrapy", "Twisted", *packages)]
    return (
        f"Measured on {time.strftime('%Y-%m-%d')} with Python"
        f" {platform.python_version()}, {', '.join(named)}; {os.cpu_count()} cores,"
        f" load {load:.1f} at the end."
    )
