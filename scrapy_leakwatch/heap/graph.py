"""The walk over the heap: in C where that was built, else its twin in Python."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.heap import sizes, twin

_graph = None
if not collector.refusal():  # for there it would switch the lock on again
    with suppress(ImportError):  # no compiler where it was installed
        from scrapy_leakwatch.heap import _graph  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

IN_C = _graph is not None
"""Whether the walk was built, and can be loaded by this Python."""

SHARE_TO_COPY = 0.2 if IN_C else 1.5
"""Of the resident memory that a child comes to need for a walk: that of its table, or
of all pages where the walk writes to each object."""

packages = twin.packages if _graph is None else _graph.packages
thread_states = twin.thread_states if _graph is None else _graph.thread_states


def make(
    rule: Callable[[type], tuple[int, Any]],
    homes: dict[str, int] | None = None,
    wanted: tuple[type, ...] = (),
) -> twin.Graph:
    """Return an empty graph; ``rule`` tells how to treat a class, as `sizes.rule`.

    ``homes`` has the number of each module or package that is to have its classes,
    ``wanted`` are the types of the instances that are asked about.
    """
    graph = twin.Graph if _graph is None else _graph.Graph
    return graph(rule, homes or {}, sizes.ASKED, wanted)
