"""A socket, whoever reads it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources.descriptors import descriptor
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(reach: Reach) -> Iterator[Live]:
    for thing in reach.things():
        if anatomy.is_a(thing, socket.socket):
            number = socket.socket.fileno(thing)
            if number >= 0:
                what = f"socket {number}"
                yield Live(KIND, thing, what, descriptor=descriptor(number))


KIND = LiveKind(
    ResourceKind(
        "socket",
        did="opened",
        since="is still open",
        release="{}.close()",
        release_unkept="keep the socket and close() it",
        named_alone=True,
    ),
    find=_find,
    counted_as="sockets",
    taken_by=frozenset({"socket", "create_connection", "create_server", "socketpair"}),
    classes=frozenset({"socket.socket"}),
)
