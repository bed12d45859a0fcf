"""Finds the line that adds to what holds a place."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import blame, source
from scrapy_leakwatch.explain.holders import Anchor, root
from scrapy_leakwatch.explain.naming.reference_path import start_at
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine

_NAMESPACES = ("types.SimpleNamespace", "argparse.Namespace")


def line_at_holder(place: Place, crawler: Any) -> SourceLine | None:
    """Return the line of the project that adds to the object at the end of a way."""
    anchor = anchor_of(place)
    found = (
        blame.added_there(anchor, crawler)
        or blame.used_there(anchor, crawler)
        or blame.handed_there(anchor, crawler)
    )
    if found is None and place.chain:
        return _line_of_link(place, crawler)
    return found


def anchor_of(place: Place) -> Anchor:
    """Return the way to a place as an anchor."""
    start = start_at(place.way[0])
    way = _behind_namespaces(place.way)
    if type(way[0]) is ModuleType and len(way) > 1:
        way = way[1:]
    return Anchor(root.KIND, way, (), start)


def _behind_namespaces(way: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the way from the last bare namespace on: what it has, others add to."""
    for number in range(len(way) - 2, 0, -1):
        if anatomy.inherits(way[number], *_NAMESPACES):
            return way[number:]
    return way


def _line_of_link(place: Place, crawler: Any) -> SourceLine | None:
    """Return the line that gives a node of a chain the next one.

    Before Python 3.11 the attributes of a node are in a dict of its own.
    """
    above = (None, *place.way)
    steps = list(zip(above, place.way, place.names, strict=False))
    for holder, node, name in reversed(steps):
        owner = holder if anatomy.own_dict(holder) is node else node
        if name.kind == "attribute" and not anatomy.is_a(owner, dict):
            classes = source.classes_of(crawler)
            return source.of_attribute(name.name, type(owner), classes)
    return None
