"""What the reactor or the event loop reads from and writes to."""

from __future__ import annotations

import socket
from types import MethodType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy
from scrapy_leakwatch.observe.resources.found import (
    Found,
    event_loop,
    installed_reactor,
)
from scrapy_leakwatch.observe.resources.naming import code_of as code_behind
from scrapy_leakwatch.observe.resources.naming import hints_of, is_framework, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS = {
    "twisted.internet.tcp.Port": "TCP",
    "twisted.internet.udp.Port": "UDP",
    "twisted.internet.unix.Port": "Unix",
}
_PROCESS = (
    "twisted.internet.process.ProcessReader",
    "twisted.internet.process.ProcessWriter",
)
_SERVED = ("factory", "protocol")


def found() -> Iterator[Found]:
    """Yield what is served, each once."""
    reactor = installed_reactor()
    served = (
        {id(each): each for each in (*reactor.getReaders(), *reactor.getWriters())}
        if reactor is not None
        else {}
    )
    for each in served.values():
        if not anatomy.inherits(each, *_PROCESS):
            yield _of_reactor(each)
    yield from _of_loop(event_loop())


def _of_reactor(each: Any) -> Found:
    connector = anatomy.attribute(each, "connector")
    uses = tuple(
        part
        for part in (
            each,
            *(anatomy.attribute(each, name) for name in _SERVED),
            anatomy.attribute(connector, "factory"),
        )
        if part is not None
    )
    hints = frozenset(anatomy.name(type(part)) for part in uses[1:])
    for path, kind in _PORTS.items():
        if anatomy.inherits(each, path):
            return Found("listening port", each, _port(each, kind), uses, hints)
    served = anatomy.name(type(uses[1] if uses[1:] else each))
    return Found("connection", each, f"connection of {served}", uses, hints)


def _port(port: Any, kind: str) -> str:
    number = anatomy.attribute(port, "_realPortNumber")
    if type(number) is not int:
        number = anatomy.attribute(port, "port")
    factory = anatomy.attribute(port, "factory")
    serves = f" ({anatomy.name(type(factory))})" if factory is not None else ""
    shown = f" {number}" if type(number) is int else ""
    return f"{kind} port{shown}{serves}"


def _of_loop(loop: Any) -> Iterator[Found]:
    selector = anatomy.attribute(loop, "_selector")
    if selector is None or not hasattr(selector, "get_map"):
        return
    for key in list((selector.get_map() or {}).values()):
        if type(key.data) is not tuple:
            continue
        for handle in key.data:
            callback = anatomy.attribute(handle, "_callback")
            if callback is not None:
                yield from _of_handle(handle, callback)


def _of_handle(handle: Any, callback: Any) -> Iterator[Found]:
    code = code_behind(callback)
    if code is None:
        return
    if not is_framework(code):
        uses = (callback, anatomy.attribute(handle, "_args"))
        what = f"connection read by {name_of(callback)}"
        yield Found("connection", handle, what, uses, hints_of(callback))
    elif code.co_name == "_accept_connection":
        yield from _accepting(handle)
    elif type(callback) is MethodType:
        protocol = anatomy.attribute(callback.__self__, "_protocol")
        if protocol is not None:
            what = f"connection of {anatomy.name(type(protocol))}"
            yield Found("connection", callback.__self__, what, (protocol,))


def _accepting(handle: Any) -> Iterator[Found]:
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
    yield Found(
        "listening port", handle if server is None else server, what, (factory,)
    )
