"""Reads lines of source files, as they were when they were imported."""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import decode_source

from scrapy_leakwatch.foundation import archives, places, redact

MOST_FILES = 80
LARGEST_FILE = 1_000_000
_STARTED = time.time()


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the project; ``likely``: one of several that may be meant."""

    location: str
    code: str
    likely: bool = False


def at(path: str, number: int) -> SourceLine | None:
    """Return the line ``number`` of the file at ``path``, its secrets masked."""
    text = lines(path)
    if not 0 < number <= len(text):
        return None
    code = redact.code(text[number - 1].strip())
    return SourceLine(f"{redact.text(places.relative(path))}:{number}", code)


@lru_cache(maxsize=MOST_FILES)
def lines(path: str) -> tuple[str, ...]:
    """Return the lines of a source file, none if it changed since it was run."""
    try:
        source = archives.read(path, LARGEST_FILE, until=_STARTED)
        return tuple(decode_source(source).split("\n")) if source else ()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ()


@lru_cache(maxsize=MOST_FILES)
def tree_of(path: str) -> ast.AST | None:
    """Return the syntax tree of a source file, if it can be had."""
    try:
        return ast.parse("\n".join(lines(path)))
    except (SyntaxError, ValueError, RecursionError):
        return None


def last_name(node: ast.AST) -> str:
    """Return the name that ``a.b.name`` or ``name`` ends in, else nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def forget() -> None:
    """Let go of all that was read."""
    lines.cache_clear()
    tree_of.cache_clear()
