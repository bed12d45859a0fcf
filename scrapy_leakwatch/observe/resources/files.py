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

STANDARD = 2
"""Descriptors up to here are the process's own: its input, output and errors."""

_PATHS = anatomy.identities(PosixPath, WindowsPath)


def descriptors() -> frozenset[tuple[int, str]]:
    """Return the open files and sockets of the process: number and name.

    Nothing where the system does not tell, or takes long to.
    """
    try:
        if not os.path.isdir(_LINKS):
            unknown = os.name == "nt"
            files = [] if unknown else psutil.Process().open_files()
            return frozenset((file.fd, file.path) for file in files)
        numbers = [int(name) for name in os.listdir(_LINKS)]
    except (psutil.Error, OSError):
        return frozenset()
    return frozenset((number, _target(number)) for number in numbers)


def _target(number: int, otherwise: str = "") -> str:
    try:
        return os.readlink(f"{_LINKS}/{number}")
    except OSError:
        return otherwise


_LINKS = "/proc/self/fd"
"""Links to the files, on Linux; a socket's has a number that no other has."""


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


def made(owners: tuple[Owner, ...]) -> Iterator[Found]:
    """Yield the directories whose paths the components have, for `tempfile.mkdtemp`."""
    for owner in owners:
        for name, value in anatomy.attributes(owner.instance):
            if path := _path_of(value):
                uses, hints = (owner.instance,), frozenset({name})
                what = redact.text(path)
                yield Found("temporary directory", value, what, uses, hints)


def _path_of(value: Any) -> str:
    if anatomy.is_exactly(value, _PATHS):
        value = os.fspath(value)
    if type(value) is not str or not os.path.isabs(value):
        return ""
    return value if os.path.isdir(value) else ""


def descriptor_of(thing: Any) -> tuple[int, str] | None:
    """Return the number and name of an open file or socket, as `descriptors` does."""
    if type(thing) is FileIO and not thing.closed:
        name = os.path.realpath(thing.name) if type(thing.name) is str else ""
        return thing.fileno(), _target(thing.fileno(), name)
    if anatomy.is_a(thing, socket.socket):
        number = socket.socket.fileno(thing)
        return number, _target(number)
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
