"""An open database of SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(reach: Reach) -> Iterator[Live]:
    for thing in reach.things():
        if type(thing) is sqlite3.Connection and _is_open(thing):
            yield Live(KIND, thing, "SQLite connection")


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.in_transaction  # noqa: B018, a closed one raises
    except sqlite3.Error:
        return False
    return True


KIND = LiveKind(
    ResourceKind(
        "database connection",
        did="opened",
        since="is still open",
        release="{}.close()",
        release_unkept="keep the connection and close() it",
        named_alone=True,
    ),
    find=_find,
    taken_by=frozenset({"connect"}),
    classes=frozenset({"sqlite3.Connection"}),
)
