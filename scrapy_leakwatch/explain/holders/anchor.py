"""What a kind of holder is, and one that was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.holders.finding import Finding
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.explain.naming.reference_path import PathStart
    from scrapy_leakwatch.explain.naming.words import Wording
    from scrapy_leakwatch.foundation.lines import SourceLine

Fate = Literal["held", "waiting", "in flight", "unknown"]
"""``waiting``: the holder is a callback that has not ended."""


@dataclass(frozen=True, slots=True)
class HolderKind:
    """How holders of one kind are found, named and done away with.

    ``is_one`` gets the live objects of a reference path and the place of one. ``fate``
    gets an anchor, and how many seconds something may live that goes by itself.
    ``wording`` gets an anchor, the edges on its trail and how many of them have the
    holder's name. ``line`` is where the suspects were put there, ``fix`` one sentence
    a person can act on. ``runs``: it is a function that has not ended.
    """

    name: str
    is_one: Callable[[tuple[Any, ...], int], bool]
    fate: Callable[[Anchor, float], Fate]
    wording: Callable[[Anchor, list[Edge], int], Wording]
    line: Callable[[Group, Any], SourceLine | None]
    fix: Callable[[Finding], str]
    runs: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where one suspect hangs: live nodes, for use inside the child only.

    The nearest place that a person would name and could cut: an attribute of a
    request, a closure of the project, a component. What lies between it and the
    suspect (lists, dicts, Scrapy's wrappers) only hands on. ``trail`` runs from the
    anchor to the suspect, ``above`` from the root to the anchor. ``root`` is
    ``None`` where no root is known. ``row``: the suspect is somewhere behind the
    first of a row of alike nodes, and that one is the last on the trail before it.
    """

    kind: HolderKind
    trail: tuple[Any, ...]
    above: tuple[Any, ...]
    root: PathStart | None
    row: bool = False


def is_held(anchor: Anchor, _: float) -> Fate:
    """Return the fate of what stays until its holder lets go of it."""
    return "unknown" if anchor.root is None else "held"
