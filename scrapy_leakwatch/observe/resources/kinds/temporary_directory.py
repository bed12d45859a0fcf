"""A temporary directory: an object that removes it, or no more than its path."""

from __future__ import annotations

import os
import tempfile
import weakref
from dataclasses import replace
from pathlib import PosixPath, WindowsPath
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach

_PATHS = anatomy.identities(PosixPath, WindowsPath)


def _find(reach: Reach) -> Iterator[Live]:
    for thing in reach.things():
        if type(thing) is tempfile.TemporaryDirectory:
            finalizer = anatomy.attribute(thing, "_finalizer")
            if type(finalizer) is weakref.finalize and finalizer.alive:
                name = anatomy.text_attribute(thing, "name")
                yield Live(KIND, thing, redact.text(name))


def _find_by_path(reach: Reach) -> Iterator[Live]:
    """Yield the directories whose paths the components have."""
    for owner in reach.owners:
        for name, value in anatomy.attributes(owner.instance):
            if path := _path_of(value):
                uses = (owner.instance,)
                yield Live(BY_PATH, value, redact.text(path), uses, attribute=name)


def _path_of(value: Any) -> str:
    if anatomy.is_exactly(value, _PATHS):
        value = os.fspath(value)
    if type(value) is not str or not os.path.isabs(value):
        return ""
    return value if os.path.isdir(value) else ""


_RECORD = ResourceKind(
    "temporary directory",
    did="made",
    since="is still there",
    release="{}.cleanup()",
    release_unkept=(
        "remove it with shutil.rmtree(), or use a TemporaryDirectory and cleanup()"
    ),
)

KIND = LiveKind(
    _RECORD,
    find=_find,
    taken_by=frozenset({"mkdtemp", "TemporaryDirectory"}),
    classes=frozenset({"tempfile.TemporaryDirectory"}),
)
BY_PATH = LiveKind(
    replace(_RECORD, release="shutil.rmtree({})"),
    find=_find_by_path,
    taken_by=frozenset({"mkdtemp"}),
)
"""What `tempfile.mkdtemp` makes; nothing of it but the path is anywhere."""
