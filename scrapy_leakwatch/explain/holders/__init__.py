"""The kinds of holder, one file each: how it is recognised, named, found and mended.

To add one write a file with its `HolderKind`, and put that into `KINDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.holders import (
    cache,
    deferred,
    function,
    generator,
    partial,
    request,
    root,
    timer,
)
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.naming.reference_path import ReferencePath

__all__ = ["KINDS", "Anchor", "Fate", "HolderKind", "anchor_of"]

KINDS: tuple[HolderKind, ...] = (
    request.KIND,
    cache.KIND,
    function.KIND,
    generator.KIND,
    partial.KIND,
    timer.KIND,
    deferred.KIND,
    root.KIND,
)
"""Of each object on a path the first that fits, from the suspect upwards."""


def anchor_of(path: ReferencePath) -> Anchor | None:
    """Return the anchor of what a path ends in, None where that is a root itself."""
    nodes = path.nodes
    for place in range(len(nodes) - 2, -1, -1):
        for kind in KINDS:
            if kind.is_one(nodes, place):
                if kind is root.KIND:
                    return root.anchor(nodes, path.start)
                return Anchor(kind, nodes[place:], nodes[:place], path.start)
    return None
