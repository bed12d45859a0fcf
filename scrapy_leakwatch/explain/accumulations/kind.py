"""What a kind of place is where memory has come together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine
    from scrapy_leakwatch.records import Origin


@dataclass(frozen=True, slots=True)
class AccumulationKind:
    """How a place is recognised, where its line is, and what helps.

    ``line`` gets the place and the crawler; without it the line is that which adds
    to the holder. ``fix`` gets the place, the name of its owner and whose that is,
    and returns one sentence, empty where nothing sure can be said.
    """

    is_one: Callable[[Place], bool]
    fix: Callable[[Place, str, Origin], str]
    line: Callable[[Place, Any], SourceLine | None] | None = None


def says(sentence: str) -> Callable[[Place, str, Origin], str]:
    """Return a fix that is always this, with ``{path}`` and ``{thing}`` filled in."""
    return lambda place, _, __: sentence.format(path=place.path, thing=place.type)
