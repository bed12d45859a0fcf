"""Open files, sockets, databases and temporary directories."""

from __future__ import annotations

import os
import socket
import sqlite3
import tempfile
from io import FileIO
from pathlib import PosixPath, WindowsPath
from typing import TYPE_CHECKING, Any

import psutil

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.observe.resources.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.owners import Owner
    from scrapy_leakwatch.observe.resources.reach import Reach
    from scrapy_leakwatch.observe.resources.taking import Call

STANDARD = 2
"""Descriptors up to here are the process's own: its input, output and errors."""

_PATHS: frozenset[type] = frozenset({PosixPath, WindowsPath})


def descriptors() -> frozenset[tuple[int, str]]:
    """Return the open files and sockets of the process: number and name.

    Nothing where the system does not tell, or takes long to.
    """
    if os.name == "nt":
        return frozenset()
    found: set[tuple[int, str]] = set()
    process = psutil.Process()
    connections = getattr(process, "net_connections", process.connections)
    try:
        found |= {(file.fd, file.path) for file in process.open_files()}
        found |= {(each.fd, str(each.laddr)) for each in connections(kind="all")}
    except (psutil.Error, OSError):
        pass
    return frozenset(found)


def found(reach: Reach) -> Iterator[Found]:
    """Yield what the components have open."""
    for thing in reach.things():
        if type(thing) is FileIO:
            yield from _file(thing)
        elif anatomy.is_a(thing, socket.socket):
            yield from _socket(thing)
        elif type(thing) is sqlite3.Connection:
            yield from _database(thing)
        elif type(thing) is tempfile.TemporaryDirectory:
            finalizer = anatomy.attribute(thing, "_finalizer")
            if finalizer is not None and finalizer.alive:
                yield _directory(thing, anatomy.text_attribute(thing, "name"))


def made(owner: Owner, calls: tuple[Call, ...]) -> Iterator[Found]:
    """Yield the directories that `tempfile.mkdtemp` made, by attribute."""
    names = {name for call in calls if call.name == "mkdtemp" for name in call.targets}
    for name, value in anatomy.attributes(owner.instance):
        if name in names and (path := _path_of(value)):
            uses, hints = (owner.instance,), frozenset({name})
            yield Found("temporary directory", value, redact.text(path), uses, hints)


def _path_of(value: Any) -> str:
    if type(value) in _PATHS:
        value = os.fspath(value)
    return value if type(value) is str and value and os.path.isdir(value) else ""


def descriptor_of(thing: Any) -> tuple[int, str] | None:
    """Return the number and name of an open file or socket, as `descriptors` does."""
    if type(thing) is FileIO and not thing.closed:
        name = thing.name
        return (thing.fileno(), os.path.realpath(name) if type(name) is str else "")
    return None


def _file(file: FileIO) -> Iterator[Found]:
    if file.closed or file.fileno() <= STANDARD:
        return
    name = file.name
    path = places.relative(name) if type(name) is str else f"descriptor {file.fileno()}"
    yield Found("open file", file, redact.text(path))


def _socket(found_: Any) -> Iterator[Found]:
    number = socket.socket.fileno(found_)
    if number >= 0:
        yield Found("socket", found_, f"socket {number}")


def _database(connection: sqlite3.Connection) -> Iterator[Found]:
    try:
        connection.in_transaction  # noqa: B018, a closed one raises
    except sqlite3.Error:
        return
    yield Found("database connection", connection, "SQLite connection")


def _directory(thing: Any, path: str) -> Found:
    return Found("temporary directory", thing, redact.text(path))
