"""What the reactor and asyncio's loop will call, and what they serve."""

from __future__ import annotations

import asyncio
import sys
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources.naming import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESS = (
    "twisted.internet.process.ProcessReader",
    "twisted.internet.process.ProcessWriter",
)
_SERVED = ("factory", "protocol")


def installed_reactor() -> Any:
    """Return Twisted's reactor, None where none is installed; installs none."""
    return sys.modules.get("twisted.internet.reactor")


def event_loop() -> Any:
    """Return asyncio's loop, the reactor's or the running one, None without one."""
    loop = anatomy.attribute(installed_reactor(), "_asyncioEventloop")
    return asyncio._get_running_loop() if loop is None else loop


def delayed_calls() -> Iterator[tuple[Any, Any]]:
    """Yield the calls that the reactor will make, each with its function."""
    reactor = installed_reactor()
    for call in reactor.getDelayedCalls() if reactor is not None else ():
        function = anatomy.attribute(call, "func")
        if function is not None:
            yield call, function


def tasks() -> Iterator[tuple[Any, CoroutineType[Any, Any, Any]]]:
    """Yield the tasks of the loop that have not ended, each with its coroutine."""
    loop = event_loop()
    for task in asyncio.all_tasks(loop) if loop is not None else ():
        coroutine = asyncio.Task.get_coro(task)
        if type(coroutine) is CoroutineType and not is_ours(coroutine):
            yield task, coroutine


def served_by_reactor() -> Iterator[Any]:
    """Yield what the reactor reads from and writes to, each once."""
    reactor = installed_reactor()
    if reactor is None:
        return
    both = (*reactor.getReaders(), *reactor.getWriters())
    for each in {id(each): each for each in both}.values():
        if not anatomy.inherits(each, *_PROCESS):  # they go with their child
            yield each


def parts_of(served: Any) -> tuple[Any, ...]:
    """Return what the reactor serves, then the protocols and factories behind it."""
    connector = anatomy.attribute(served, "connector")
    parts = (
        served,
        *(anatomy.attribute(served, name) for name in _SERVED),
        anatomy.attribute(connector, "factory"),
    )
    return tuple(part for part in parts if part is not None)


def served_by_loop() -> Iterator[tuple[Any, Any]]:
    """Yield the handles of what asyncio's loop serves, each with its callback."""
    selector = anatomy.attribute(event_loop(), "_selector")
    if selector is None or not hasattr(selector, "get_map"):
        return
    for key in list((selector.get_map() or {}).values()):
        for handle in key.data if type(key.data) is tuple else ():
            callback = anatomy.attribute(handle, "_callback")
            if callback is not None:
                yield handle, callback
