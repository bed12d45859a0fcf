"""Recognises a leak that is known upstream, by the objects on the way to what grows."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.naming.reference_path import module_of
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals.known_leaks import KNOWN_LEAKS, MODULE, PYTHON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy_leakwatch.internals.known_leaks import KnownLeak
    from scrapy_leakwatch.internals.tables import Table

Way = tuple[Any, ...]


def known_leak(way: Way, leaks: Sequence[KnownLeak] = KNOWN_LEAKS) -> str:
    """Return the id of the first of ``leaks`` that is here; empty: none is.

    ``way`` are live objects, from what a root begins with down to what it holds.
    """
    for leak in leaks:
        if is_there(leak, way) and _is_here(leak):
            return leak.id
    return ""


def is_there(known: KnownLeak | Table, way: Way) -> bool:
    """Tell whether ``way`` goes through what is known, from its holder on."""
    starts = [place for place, node in enumerate(way) if known.holder in _names(node)]
    return any(_is_at(known, way, place) for place in starts)


def _names(node: Any) -> set[str]:
    """Return what a node may be called as a holder."""
    if anatomy.is_a(node, type):
        return {anatomy.path(node)}
    module = module_of(node)
    if module is not None:
        return {module, MODULE}
    return {anatomy.path(cls) for cls in anatomy.mro(type(node))}


def _is_at(leak: KnownLeak | Table, way: Way, place: int) -> bool:
    """Tell whether the way goes on from a place as it does from its holder."""
    node = way[place]
    for names in leak.kept or ("",):
        kept = _follow(node, names.split(".")) if names else node
        for end in range(place, len(way)):
            if kept is way[end] and _goes_on(leak.then, way[end + 1 :], kept):
                return True
    return False


def _follow(obj: Any, names: list[str]) -> Any:
    for name in names:
        if anatomy.is_a(obj, type):
            obj = anatomy.defined(obj, name)
        elif type(obj) is dict:  # the globals of a module
            obj = dict.get(obj, name)
        else:
            obj = anatomy.attribute(obj, name)
    return obj


def _goes_on(then: tuple[str, ...] | None, rest: Way, kept: Any) -> bool:
    """Tell whether the next nodes are of such classes; the last may be an entry."""
    if not then:
        return then is None or not rest
    found = [anatomy.inherits(*each) for each in zip(rest, then, strict=False)]
    if len(rest) == len(then) - 1:
        found.append(_are_most(rest[-1] if rest else kept, then[-1]))
    return len(found) == len(then) and all(found)


def _are_most(container: Any, path: str) -> bool:
    entries = contents.pick(container)
    return 2 * sum(anatomy.inherits(entry[-1], path) for entry in entries) > len(
        entries
    )


def _is_here(leak: KnownLeak) -> bool:
    """Tell whether the installed version has it; not where that is not known."""
    version = _version(leak.package)
    if version is None or version < Version(leak.since):
        return False
    return leak.mended is None or version < Version(leak.mended)


@lru_cache(maxsize=len(KNOWN_LEAKS))
def _version(package: str) -> Version | None:
    """Return the version of a package, None where it is not known for sure."""
    if package == PYTHON:
        text = ".".join(map(str, sys.version_info[:3]))
        return Version(text) if sys.version_info.releaselevel == "final" else None
    try:
        text = metadata.version(package)
        found = Version(text) if type(text) is str else None
    except (ImportError, OSError, KeyError, ValueError):  # no metadata, or odd ones
        return None
    return None if found is None or found.is_prerelease else found
