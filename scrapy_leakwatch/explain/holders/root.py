"""Whatever begins a path: the spider, a component, a class, a module, the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import blame
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind
from scrapy_leakwatch.explain.holders.finding import (
    AT_EXIT,
    OF_ANY,
    Finding,
    bare,
    thing_and_part,
)
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.naming.words import Wording, simple_wording
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.explain.naming.reference_path import PathStart
    from scrapy_leakwatch.foundation.lines import SourceLine

REPEATED = 3
"""Nodes of one kind on a path that make it a row."""
_HANDING_ON = (dict, list, tuple, set, frozenset)
_DIRECT = 2
"""Nodes of a trail where the root itself refers to the suspect."""


def anchor(nodes: tuple[Any, ...], start: PathStart | None) -> Anchor:
    """Return the anchor at the beginning of a path; of a row it ends at the first."""
    first = _first_of_row(nodes)
    if first is None:
        return Anchor(KIND, nodes, (), start)
    return Anchor(KIND, (*nodes[: first + 1], nodes[-1]), (), start, row=True)


def is_of_project(anchor: Anchor) -> bool:
    """Tell whether it begins at an object of the project, or at its code."""
    start = anchor.root
    return anchor.kind is KIND and start is not None and start.origin == "project"


def _first_of_row(nodes: tuple[Any, ...]) -> int | None:
    """Return the place of the first of a row of objects that hold one another."""
    alike: dict[int, list[int]] = {}
    for place, node in enumerate(nodes[:-1]):
        if place and not anatomy.is_a(node, *_HANDING_ON):
            alike.setdefault(id(type(node)), []).append(place)
    rows = [places[0] for places in alike.values() if len(places) >= REPEATED]
    return min(rows, default=None)


def _is_one(_: tuple[Any, ...], place: int) -> bool:
    return place == 0


def _fate(anchor: Anchor, _: float) -> Fate:
    root = anchor.root
    if root is None:
        return "unknown"
    passing = root.kind == "frame" and len(anchor.trail) == _DIRECT
    return "in flight" if root.passing or passing else "held"


def _wording(anchor: Anchor, edges: list[Edge], near: int) -> Wording:
    root = anchor.root
    begin = label(anchor.trail[0]) if root is None else root.expression
    return simple_wording(begin, edges, near, kept_keys=0)


def _line(group: Group, crawler: Any) -> SourceLine | None:
    return blame.put_into(group.lead, crawler)


def _fix(finding: Finding) -> str:
    if finding.origin == "library" and finding.start not in _OF_ALL:
        return _of_library(finding)
    if finding.start == "atexit":
        return AT_EXIT
    thing, part = thing_and_part(finding.held)
    if finding.start == "receivers":
        return (
            "disconnect the receiver in closed(), with weak=False if it was connected"
            " so, or connect it with weak=True"
        )
    if finding.start == "logging":
        return (
            "let the handler keep self.format(record) of the last few hundred records, "
            f"or flush it to a target as often, and log {part}, not the {thing}: "
            f"{finding.holder} keeps the records, and Scrapy's own carry requests, "
            "responses and items"
        )
    return finding.thing or _instead(finding)


def _instead(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    if finding.container == "WeakKeyDictionary":
        return (
            f"keep {part} as the value in {bare(finding.holder)}: a value that "
            f"refers to its key keeps the key alive"
        )
    keep = f"keep {part} in {bare(finding.holder)}, not the {thing}"
    if "[" not in finding.holder:
        return f"{keep}, or set it to None when its work is done"
    if part == OF_ANY:
        keep = (
            f"write each {thing} out as it comes, or keep only what is needed of it in "
            f"{bare(finding.holder)}, such as {part}"
        )
    return f"{keep}, and remove it there when its work is done"


_OF_ALL = frozenset({"logging", "receivers", "atexit"})
"""Scrapy's and Python's own, to which the project adds."""


def _of_library(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"{finding.owner} is not your code: switch it off if it is not needed, "
        f"bound or clear {bare(finding.holder)}, or give it {part} "
        f"instead of the {thing}"
    )


KIND = HolderKind("root", _is_one, _fate, _wording, _line, _fix)
