"""The places from which memory is held, by the names that a person has for them.

Each root is an owner: the walk enters all barriers first, so that no owner reaches
into another, and goes on from one after the other. The order is a preference:
what several hold goes to whom a person can change, then to who keeps things
rather than passes them on.

To add a kind of root write a file with a function that yields `Root`, and put that
into `PROVIDERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.heap.roots import (
    components,
    engine,
    exits,
    frames,
    log_handlers,
    modules,
    other_crawls,
    parsers,
    pools,
    process,
    receivers,
    spider,
    tasks,
    threads,
    timers,
)
from scrapy_leakwatch.heap.roots.root import (
    Outside,
    Root,
    Start,
    ThreadState,
    locals_of,
    stack_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "PROVIDERS",
    "Outside",
    "Root",
    "Start",
    "ThreadState",
    "locals_of",
    "roots",
    "stack_of",
]

PROVIDERS: tuple[Callable[[Any, Outside], Iterator[Root]], ...] = (
    spider.roots,
    components.roots,
    log_handlers.of_project,
    modules.of_project,
    exits.of_project,
    engine.parts,
    other_crawls.roots,
    pools.roots,
    tasks.roots,
    frames.roots,
    parsers.roots,
    threads.roots,
    timers.roots,
    receivers.roots,
    log_handlers.roots,
    process.roots,
    exits.roots,
    engine.seams,
    modules.of_libraries,
)
"""In the order in which the owners are walked."""


def roots(crawler: Any, outside: Outside, *, others: bool = True) -> Iterator[Root]:
    """Yield the owners of a process in which ``crawler`` crawls, the first first.

    Without ``others`` the other crawls of the process are none: they are held.
    """
    for provide in PROVIDERS:
        if others or provide is not other_crawls.roots:
            yield from provide(crawler, outside)
