"""An open file."""

from __future__ import annotations

import os
from io import FileIO
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation import places, redact
from scrapy_leakwatch.observe.resources.descriptors import descriptor
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

STANDARD = 2
"""Descriptors up to here are the process's own: its input, output and errors."""


def _find(reach: Reach) -> Iterator[Live]:
    for thing in reach.things():
        if type(thing) is FileIO and not thing.closed and thing.fileno() > STANDARD:
            yield _live(thing)


def _live(file: FileIO) -> Live:
    name, number = file.name, file.fileno()
    if type(name) is str:
        path, real = places.relative(name), os.path.realpath(name)
    else:
        path, real = f"descriptor {number}", ""
    return Live(KIND, file, redact.text(path), descriptor=descriptor(number, real))


KIND = LiveKind(
    ResourceKind(
        "open file",
        did="opened",
        since="is still open",
        release="{}.close()",
        release_unkept="keep the file and close() it",
    ),
    find=_find,
    counted_as="files",
    taken_by=frozenset(
        {
            *("open", "fdopen", "NamedTemporaryFile", "TemporaryFile", "FileIO"),
            *("SpooledTemporaryFile", "GzipFile", "ZipFile", "BZ2File", "LZMAFile"),
        }
    ),
    classes=frozenset(
        {
            *("_io.TextIOWrapper", "_io.BufferedWriter", "_io.BufferedReader"),
            *("_io.FileIO", "_io.BufferedRandom"),
        }
    ),
    closers=dict.fromkeys(
        ("TextIOWrapper", "BufferedWriter", "BufferedReader"), "close()"
    ),
)
