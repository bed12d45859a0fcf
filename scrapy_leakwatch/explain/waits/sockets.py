"""The connections that the event loop listens to: what comes in may wake somebody."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.roots.timers import loops, reactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.heap.roots import Outside

DEEPEST = 4
"""Protocols that wrap one another, such as that of TLS."""
_KNOWN = (
    "aiohttp.client_proto.",
    "anyio.",
    "asyncio.events.",
    "asyncio.selector_events.",
    "asyncio.streams.",
    "asyncio.unix_events.",
    "scrapy.",
    "scrapy_leakwatch.",
    "twisted.conch.",
    "twisted.internet.",
    "twisted.web.",
)
"""Where the protocols are that fire only what is awaited from them, and the loops."""
_INNER = (
    "protocol",
    "_protocol",
    "wrappedProtocol",
    "_wrappedProtocol",
    "_app_protocol",
)


def foreign(outside: Outside) -> bool:
    """Tell whether a connection is open that neither Scrapy has nor its libraries."""
    return any(map(_is_foreign, _listening(outside)))


def _listening(outside: Outside) -> Iterator[Any]:
    for name in ("_reads", "_selectables", "_readers"):
        found = anatomy.attribute(reactor(), name)
        if type(found) is set:
            yield from list(found)
        elif type(found) is dict:  # by their descriptors, or the other way round
            both = (*found.keys(), *found.values())
            yield from (each for each in both if type(each) is not int)
    for loop in loops(outside):
        keys = anatomy.attribute(loop, "_selector", "_fd_to_key")
        for key in list(keys.values()) if type(keys) is dict else ():
            yield from _handled_by(key)


def _handled_by(key: Any) -> Iterator[Any]:
    """Yield what reads from a file that a selector of asyncio's watches."""
    data = tuple.__getitem__(key, -1) if anatomy.is_a(key, tuple) else None
    handle = data[0] if type(data) is tuple and data else None
    method = anatomy.attribute(handle, "_callback")
    owner = method.__self__ if type(method) is MethodType else None
    if owner is not None and owner is not reactor():
        yield owner


def _is_foreign(obj: Any) -> bool:
    """Tell whose the innermost protocol of a connection is."""
    for _ in range(DEEPEST):
        inner = (anatomy.attribute(obj, name) for name in _INNER)
        after = next((each for each in inner if each is not None), None)
        if after is None:
            break
        obj = after
    path = anatomy.path(type(obj))
    return not path.startswith(_KNOWN)
