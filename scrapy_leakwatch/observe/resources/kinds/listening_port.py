"""A port of Twisted or a server of asyncio that listens."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import code_of, is_framework
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_PORTS = {
    "twisted.internet.tcp.Port": "TCP",
    "twisted.internet.udp.Port": "UDP",
    "twisted.internet.unix.Port": "Unix",
}


def _find(_: Reach) -> Iterator[Live]:
    for each in event_loops.served_by_reactor():
        if is_port(each):
            parts = event_loops.parts_of(each)
            hints = frozenset(anatomy.name(type(part)) for part in parts[1:])
            yield Live(KIND, each, _port(each), parts, hints)
    for handle, callback in event_loops.served_by_loop():
        if accepts(callback):
            yield from _server(handle)


def is_port(served: Any) -> bool:
    """Tell whether what the reactor serves listens."""
    return anatomy.inherits(served, *_PORTS)


def accepts(callback: Any) -> bool:
    """Tell whether a callback of asyncio's is that of a server."""
    code = code_of(callback)
    if code is None or not is_framework(code):
        return False
    return code.co_name == "_accept_connection"


def _port(port: Any) -> str:
    protocol = next(
        kind for path, kind in _PORTS.items() if anatomy.inherits(port, path)
    )
    number = anatomy.attribute(port, "_realPortNumber")
    if type(number) is not int:
        number = anatomy.attribute(port, "port")
    factory = anatomy.attribute(port, "factory")
    serves = f" ({anatomy.name(type(factory))})" if factory is not None else ""
    shown = f" {number}" if type(number) is int else ""
    return f"{protocol} port{shown}{serves}"


def _server(handle: Any) -> Iterator[Live]:
    """Yield a server of asyncio; the arguments are those of its event loop."""
    args = anatomy.attribute(handle, "_args")
    if type(args) is not tuple or len(args) < len(
        ("factory", "socket", "ssl", "server")
    ):
        return
    factory, listening, _, server, *_ = args
    where = ""
    if anatomy.is_a(listening, socket.socket) and socket.socket.fileno(listening) >= 0:
        address = socket.socket.getsockname(listening)
        where = f" {address[1]}" if type(address) is tuple else ""
    what = f"port{where} of an asyncio server"
    yield Live(KIND, handle if server is None else server, what, (factory,))


KIND = LiveKind(
    ResourceKind(
        "listening port",
        did="opened",
        since="still listens",
        release="{}.stopListening()",
        release_unkept="keep the port and call its stopListening()",
        pins=True,
        named_alone=True,
    ),
    find=_find,
    taken_by=frozenset(
        {
            *("listenTCP", "listenSSL", "listenUNIX", "listenUDP", "listen"),
            *("listen_tcp", "start_server", "create_server", "start_unix_server"),
            *("listenMulticast", "adoptStreamPort"),
        }
    ),
    closers={"Server": "close()"},
    told_by_hints=True,
)
