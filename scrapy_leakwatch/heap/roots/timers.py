"""The reactor, the event loop, and what they are to call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.roots.root import Outside, Root, passing_start

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the reactor, the event loops and the cooperator."""
    machines = [
        passing_start(reactor(), "reactor"),
        *(passing_start(loop, "event loop") for loop in loops(outside)),
    ]
    cooperator = anatomy.attribute(
        sys.modules.get("twisted.internet.task"), "_theCooperator"
    )
    machines.append(passing_start(cooperator, "cooperator"))
    yield Root("reactor and event loop", "timer", starts=machines, passing=True)


def reactor() -> Any:
    """Return Twisted's reactor, None where none was installed."""
    return anatomy.attribute(sys.modules.get("twisted.internet"), "reactor")


def loops(outside: Outside) -> list[Any]:
    """Return asyncio's event loops: that of Twisted's reactor and the running one."""
    found = [anatomy.attribute(reactor(), "_asyncioEventloop")]
    found.append(outside.loop)
    unique = {id(loop): loop for loop in found if loop is not None}
    return list(unique.values())
