"""Reads the pages: their blocks, in the order in which a reader comes by them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.rst", *DOCS.glob("*.rst"), *DOCS.glob("reference/*.rst")]
)

_BEGIN = re.compile(
    r"^(?P<indent> *)(?:\.\. code(?:-block)?:: *(?P<language>\w*)|.*::)$"
)
_OPTION = re.compile(r"^ +:\w+:")
_NOTE = re.compile(r"^ *\.\. (?P<note>(?:file|not run): .+)$")


@dataclass(frozen=True)
class Block:
    """A literal block: its language, the comment above it, its text and its line."""

    language: str
    note: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it has, or changes, as ``.. file: NAME`` above it says."""
        return self.note.removeprefix("file: ") if self.note[:5] == "file:" else None

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands that it shows, each with the output below it."""
        first, *shown = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        if first.strip():
            return []
        return [(each.split("\n", 1) + [""])[:2] for each in shown]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    lines = page.read_text().splitlines()
    note, at = "", 0
    while at < len(lines):
        if noted := _NOTE.match(lines[at]):
            note = noted["note"]
        begun = None if noted else _BEGIN.match(lines[at])
        at += 1
        if begun is None or (_is_directive(begun[0]) and not begun["language"]):
            continue
        while _is_directive(begun[0]) and _OPTION.match(lines[at]):
            at += 1
        text, end = _indented(lines, at, len(begun["indent"]))
        if text:
            yield Block(begun["language"] or "", note, text, at)
            note, at = "", end


def _is_directive(line: str) -> bool:
    return line.lstrip().startswith(".. ")


def _indented(lines: list[str], at: int, than: int) -> tuple[str, int]:
    """Return the text from a line on that is indented more, and where it ends."""
    end = at
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > than
    ):
        end += 1
    return dedent("\n".join(lines[at:end])).strip("\n"), end
