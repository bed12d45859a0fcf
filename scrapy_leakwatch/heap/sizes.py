"""How the objects of a class are treated and measured, without asking the class."""

from __future__ import annotations

import gc
import io
import sys
from types import (
    AsyncGeneratorType,
    CoroutineType,
    GeneratorType,
    MethodDescriptorType,
)
from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import opaque

PLAIN = 0
SET_ASIDE = 1
"""Suspended functions: what passes them on doesn't own what they hold."""
OPAQUE = 2
"""What it holds isn't shown to the collector, but `opaque` knows how to look."""
TREE = 3
"""Stands for a parsed document of libxml2."""
EXTENSION = 4
"""Of a package whose classes may keep memory of malloc's, if they are written in C."""

ASKED = ("polars.",)
"""How the modules begin whose classes, written in Python, are treated by name."""

SHOWS_BUFFER = any(type(part) is bytes for part in gc.get_referents(io.BytesIO(b"-")))
"""Whether a `BytesIO` has its buffer as an object of its own and counts it all the
same, as from Python 3.12 on."""

_TRUSTED = sys.stdlib_module_names | {"builtins", "numpy"}
_KEEPERS = frozenset(
    ("_bz2", "_ctypes", "_hashlib", "_lzma", "_ssl", "compression", "pyexpat", "zlib")
)
"""Modules of the standard library whose objects keep memory that they don't count."""
_MEASURED = frozenset(("PIL", "lxml", "numpy", "polars", "pyarrow"))
"""Packages whose memory is measured by `opaque`, and as trees."""
_OWN = __name__.partition(".")[0]
_UNMEASURED = frozenset(
    f"lxml.etree.{name}"
    for name in ("DTD", "RelaxNG", "Schematron", "XMLSchema", "XSLT")
)
"""Classes of those that are not."""
_SUSPENDED = anatomy.identities(GeneratorType, CoroutineType, AsyncGeneratorType)
_TREES = frozenset(
    ["lxml.etree._Element", "lxml.etree._Document", "lxml.etree._ParserContext"]
)
_MODES = dict.fromkeys(_TREES, TREE) | dict.fromkeys(opaque.PATHS, OPAQUE)


def rule(cls: type) -> tuple[int, Any]:
    """Return the mode of instances of ``cls``, and what measures one.

    That is the ``__sizeof__`` of the nearest base which has one in C and may be
    trusted to be no more than a sum, None where no base has.
    """
    return _mode(cls), _measure(cls)


def _mode(cls: type) -> int:
    if id(cls) in _SUSPENDED:
        return SET_ASIDE
    for base in anatomy.mro(cls):
        mode = _MODES.get(anatomy.path(base))
        if mode is not None:
            return mode
    return EXTENSION if _keeps(cls) else PLAIN


def _keeps(cls: type) -> bool:
    """Tell whether objects of a class of C's may keep memory that nobody measures."""
    package = anatomy.module(cls).partition(".")[0]
    if package in _MEASURED:
        return anatomy.path(cls) in _UNMEASURED
    if package == "builtins":
        return anatomy.name(cls) == "PyCapsule"
    if package in sys.stdlib_module_names:
        return package in _KEEPERS
    return package != _OWN


def _measure(cls: type) -> Any:
    if SHOWS_BUFFER and anatomy.derives(cls, io.BytesIO):
        return None
    for base in anatomy.mro(cls):
        found = anatomy.namespace(base).get("__sizeof__")
        # By identity: to compare the type would ask its metaclass.
        if type(found) is MethodDescriptorType and _is_trusted(base):
            return found
    return None


def _is_trusted(cls: type) -> bool:
    return anatomy.module(cls).partition(".")[0] in _TRUSTED
