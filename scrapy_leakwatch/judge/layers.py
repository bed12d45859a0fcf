"""What memory consists of, and which part of it grew from one look to the next.

Whatever is resident is in a mapped file, in Python's arenas, free in malloc,
in a large Python object, or outside Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge import thresholds

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Layers


class Parts(NamedTuple):
    """What each part grew by, in bytes, and ``resident`` all of them.

    ``outside`` Python is None where it is not known.
    """

    resident: int
    python: int
    free: int
    outside: int | None


def is_whole(layers: Layers) -> bool:
    """Tell whether all is known that it takes to say what grows."""
    return outside_python(layers) is not None


def is_kept(layers: Layers) -> bool:
    """Tell whether much of the memory is free."""
    return sum(free_in(layers)) >= max(
        thresholds.FREE_LEAST, thresholds.FREE_SHARE * layers.rss
    )


def free_in(layers: Layers) -> tuple[int, int]:
    """Return what is free and resident, in the arenas and in malloc."""
    used = (layers.arenas or 0) + (layers.malloc_used or 0)
    room = max(_resident(layers) - used, 0)
    return layers.arenas_free or 0, min(layers.malloc_free or 0, room)


def outside_python(layers: Layers) -> int | None:
    """Return the bytes that are neither Python's nor free; None where not known."""
    if layers.arenas is None or layers.python_large is None:
        return None
    _, free = free_in(layers)
    return _resident(layers) - layers.arenas - free - layers.python_large


def grown_since(before: Layers, layers: Layers) -> Parts:
    """Return what grew from one look to another."""
    large = _risen(layers.python_large, before.python_large)
    arenas = _risen(layers.arenas, before.arenas)
    free_there = _risen(layers.arenas_free, before.arenas_free)
    # Blocks that were given back to the system still count as free in malloc.
    free = free_there + _risen(layers.malloc_free, before.malloc_free)
    now, then = outside_python(layers), outside_python(before)
    return Parts(
        resident=_resident(layers) - _resident(before),
        python=arenas - free_there + large,
        free=min(free, sum(free_in(layers))),
        outside=None if now is None or then is None else now - then,
    )


def _risen(now: int | None, then: int | None) -> int:
    return 0 if now is None or then is None else now - then


def _resident(layers: Layers) -> int:
    return layers.rss - (layers.files or 0)
