"""Looks into objects that hold what they do not show to the collector.

For a forked child. Nothing is imported here, as another thread may have held
the import lock at the fork, and no method is called that a crawl's class might
define: each is taken from the package's own class.

To add a kind write a file with its `OpaqueKind`, and put that into `KINDS`.
"""

from __future__ import annotations

import sys
from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque import (
    arrays,
    arrow,
    databases,
    mappings,
    names,
    pictures,
    polars,
    texts,
)
from scrapy_leakwatch.heap.opaque.kind import NOTHING, Held, OpaqueKind

KINDS: tuple[OpaqueKind, ...] = (
    arrays.KIND,
    arrow.KIND,
    polars.KIND,
    pictures.KIND,
    mappings.KIND,
    texts.KIND,
    databases.KIND,
    names.KIND,
)
UNNAMED = {"builtins.ImagingCore": "PIL._imaging", names.TABLE: "lxml.etree"}
"""Classes that their module has no name for; no class statement makes the like."""
_BY_PATH = {path: kind for kind in KINDS for path in kind.paths}
PATHS = frozenset(_BY_PATH)


class Opener:
    """Opens the objects of one heap, and counts each buffer once."""

    def __init__(self) -> None:
        self._openers = {
            path: opener
            for kind in KINDS
            for opener in [kind.opener()]
            for path in kind.paths
        }

    def open_up(self, obj: Any) -> Held:
        """Return the bytes of ``obj`` not yet counted, and the objects it holds unseen.

        What can't be told for sure is 0. Any error of the packages that are asked
        is one more reason not to know.
        """
        try:
            cls, path = _known(obj)
            return NOTHING if cls is None else self._openers[path](cls, obj)
        except (AttributeError, TypeError, ValueError, OverflowError, OSError):
            return NOTHING


def open_up(obj: Any) -> Held:
    """Open one object, whatever was opened before; see `Opener.open_up`."""
    return Opener().open_up(obj)


def parts_of(obj: Any) -> tuple[str, int] | None:
    """Return what the bytes of ``obj`` are of, and how many; None: of itself."""
    cls, path = _known(obj)
    parts = None if cls is None else _BY_PATH[path].parts
    return None if parts is None else parts(obj)


def _known(obj: Any) -> tuple[type | None, str]:
    """Return the nearest class of ``obj`` that can be opened, and its path."""
    for cls in anatomy.mro(type(obj)):
        path = anatomy.path(cls)
        if path in PATHS and is_genuine(cls, path):
            return cls, path
    return None, ""


def is_genuine(cls: type, path: str) -> bool:
    """Tell whether ``cls`` is what the loaded module has at ``path``."""
    if (home := UNNAMED.get(path)) is not None:
        return home in sys.modules and not anatomy.is_heap_type(cls)
    home, _, name = path.rpartition(".")
    table = anatomy.own_dict(sys.modules.get(home))
    return table is not None and table.get(name) is cls
