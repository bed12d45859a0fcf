"""What threads have beside the variables of their functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.process import variables_of
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.heap.roots.root import ThreadState


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the object of each other thread, its error, context and local data."""
    for state in outside.threads:
        cls = type(state.thread)
        starts = [
            Start(state.thread, redact.text(anatomy.name(cls), 60)),
            Start(state.error, "exception that is handled", value=True),
            *variables_of(state.context),
            *_local_data(state),
        ]
        name = f"thread {redact.text(state.name, 40)}"
        origin = places.origin_of_class(cls)
        yield Root(name, "process", origin, starts, late=True)


def _local_data(state: ThreadState) -> Iterator[Start]:
    """Yield the data of each `threading.local`, which hangs on a key in a C table."""
    if type(state.data) is dict:
        for value in list(state.data.values()):
            yield Start(value, "thread-local data")
