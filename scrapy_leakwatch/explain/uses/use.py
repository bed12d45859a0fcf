"""What is known of how the project's code uses what grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.naming import words

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import Anchor
    from scrapy_leakwatch.foundation.lines import SourceLine


@dataclass(frozen=True, slots=True)
class Use:
    """What helps, one sentence a person can act on, and the line that fills it.

    ``line`` is None where the use tells no other than the container does.
    """

    fix: str
    line: SourceLine | None = None


def name_of(anchor: Anchor) -> str:
    """Return what a way ends in as source text, such as ``spider.queue``."""
    if anchor.root is None or anchor.above:
        return "it"
    written = words.written(words.edges_of(anchor))
    return f"{anchor.root.expression}{written}".removesuffix("[*]")


def calls_of(functions: set[str]) -> str:
    """Return functions in words, such as ``parse() and store()``."""
    return " and ".join(f"{name}()" for name in sorted(functions))
