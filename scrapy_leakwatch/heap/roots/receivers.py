"""Receivers of signals."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, __: Outside) -> Iterator[Root]:
    """Yield the tables of the dispatcher."""
    module = sys.modules.get("pydispatch.dispatcher")
    tables = [
        Start(anatomy.attribute(module, name), "signal receivers", lent="receivers")
        for name in ("connections", "senders", "sendersBack")
    ]
    yield Root("signal receivers", "engine", starts=tables, late=True)
