"""A connection that the reactor or asyncio's loop serves."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.listening_port import accepts, is_port
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import (
    code_of,
    hints_of,
    is_framework,
    name_of,
)
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    for each in event_loops.served_by_reactor():
        if not is_port(each):
            parts = event_loops.parts_of(each)
            names = [anatomy.name(type(part)) for part in (*parts[1:], each)]
            what = f"connection of {names[0]}"
            hints = frozenset(names[:-1])
            yield Live(KIND, each, what, parts, hints, pool=_pool(parts))
    for handle, callback in event_loops.served_by_loop():
        if not accepts(callback):
            yield from _of_loop(handle, callback)


def _pool(parts: tuple[Any, ...]) -> Any:
    """Return the class of a protocol whose connections Scrapy itself keeps."""
    for part in parts[1:]:
        protocol = part
        for _ in range(_WRAPPERS):
            if anatomy.module(type(protocol)).startswith(_KEPT_BY_SCRAPY):
                return type(protocol)
            inner = [anatomy.attribute(protocol, name) for name in _WRAPPED]
            protocol = next((each for each in inner if each is not None), None)
    return None


_KEPT_BY_SCRAPY = ("scrapy.", "twisted.web.")
_WRAPPED = ("wrappedProtocol", "_wrappedProtocol")
_WRAPPERS = 4
"""Protocols around one another, such as that of TLS."""


def _of_loop(handle: Any, callback: Any) -> Iterator[Live]:
    code = code_of(callback)
    if code is None:
        return
    if not is_framework(code):
        uses = (callback, anatomy.attribute(handle, "_args"))
        what = f"connection read by {name_of(callback)}"
        yield Live(KIND, handle, what, uses, hints_of(callback))
    elif type(callback) is MethodType:
        protocol = anatomy.attribute(callback.__self__, "_protocol")
        if protocol is not None:
            what = f"connection of {anatomy.name(type(protocol))}"
            yield Live(KIND, callback.__self__, what, (protocol,))


KIND = LiveKind(
    ResourceKind(
        "connection",
        did="opened",
        since="is still open",
        release="{}.close(), or transport.loseConnection() of a Twisted protocol",
        release_unkept=(
            "keep the connection and close it, as by transport.loseConnection()"
        ),
        pins=True,
        named_alone=True,
    ),
    find=_find,
    counted_as="sockets",
    taken_by=frozenset(
        {
            *("connectTCP", "connectSSL", "connectUNIX", "connect", "addReader"),
            *("addWriter", "add_reader", "add_writer", "create_connection"),
            *("open_connection", "connectProtocol", "open_unix_connection"),
        }
    ),
    closers={"StreamWriter": "close()"},
)
