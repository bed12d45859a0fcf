"""What lxml keeps for all its parsers of a thread, where no object refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.heap.opaque.names import TABLE
from scrapy_leakwatch.heap.roots.root import Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.heap.roots.root import Outside


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the names of tags and attributes that were ever parsed."""
    tables = [memory.thread_data(), *(state.data for state in outside.threads)]
    starts = [
        Start(value, "lxml's dictionary of names")
        for table in tables
        if type(table) is dict
        for value in list(table.values())
        if anatomy.inherits(value, TABLE)
    ]
    yield Root("lxml", "process", starts=starts)
