"""The open files and sockets of the process, by number and name."""

from __future__ import annotations

import os

import psutil

_LINKS = "/proc/self/fd"
"""Links to the files, on Linux; a socket's has a number that no other has."""


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
    return frozenset(map(descriptor, numbers))


def descriptor(number: int, otherwise: str = "") -> tuple[int, str]:
    """Return the number and name of an open file or socket."""
    try:
        return number, os.readlink(f"{_LINKS}/{number}")
    except OSError:
        return number, otherwise
