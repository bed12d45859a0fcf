"""Names the reference from a holder to what it holds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from types import (
    AsyncGeneratorType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    TracebackType,
)
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots import locals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CROWD = 5000
"""Items of a container that are read one by one to find a key."""

EdgeKind = Literal["attribute", "key", "index", "local", "part", "inside"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference in words.

    ``attribute`` and ``local`` carry a name, ``key`` a printable key or ``*``,
    ``index`` a position or ``*``, ``part`` the name of a C-level field.
    ``inside`` is an edge without a name, between an object and its dictionary.
    """

    kind: EdgeKind
    name: str = ""


ANY = Edge("index", "*")
ANY_KEY = Edge("key", "*")
INSIDE = Edge("inside")

# By identity: to hash the type of an object would ask its metaclass.
GENERATORS: dict[int, tuple[str, str]] = {
    id(GeneratorType): ("gi_frame", "gi_code"),
    id(CoroutineType): ("cr_frame", "cr_code"),
    id(AsyncGeneratorType): ("ag_frame", "ag_code"),
}
_PARTS: dict[int, tuple[str, ...]] = {
    id(FunctionType): (
        "__closure__",
        "__defaults__",
        "__kwdefaults__",
        "__dict__",
        "__globals__",
    ),
    id(MethodType): ("__self__", "__func__"),
    id(CellType): ("cell_contents",),
    id(partial): ("args", "keywords", "func"),
    id(TracebackType): ("tb_frame", "tb_next"),
    id(FrameType): ("f_back", "f_globals"),
}
_PRIVATE = {
    ("Request", "_meta"): "meta",
    ("Request", "_cb_kwargs"): "cb_kwargs",
    ("Request", "_flags"): "flags",
    ("Request", "_headers"): "headers",
    ("Deferred", "_callbacks"): "callbacks",
    ("Handle", "_args"): "args",
    ("FifoMemoryQueue", "q"): "",
    ("WeakKeyDictionary", "data"): "",
    ("WeakValueDictionary", "data"): "",
    ("UserDict", "data"): "",
    ("Item", "_values"): "",
    ("RFPDupeFilter", "_fingerprints"): "fingerprints",
}
"""How a person calls what a class keeps under a private name."""


def edge(holder: Any, held: Any) -> Edge:
    """Return how ``holder`` refers to ``held``; the first way that is found."""
    for way in (_generator, _part, _attribute, _item):
        found = way(holder, held)
        if found is not None:
            return found
    return INSIDE


def _generator(holder: Any, held: Any) -> Edge | None:
    if type(holder) is FrameType:
        return _local(holder, held)
    fields = GENERATORS.get(id(type(holder)))
    if fields is None:
        return None
    frame = getattr(holder, fields[0])
    if frame is held:
        return INSIDE
    return _local(frame, held) if frame is not None else None


def _local(frame: FrameType, held: Any) -> Edge | None:
    cells = (*frame.f_code.co_cellvars, *frame.f_code.co_freevars)
    for name, value in locals_of(frame):
        if value is held:
            return Edge("local", name)
        if name in cells and type(held) is CellType and _content(held) is value:
            return Edge("local", name)
    return None


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return cell


def _part(holder: Any, held: Any) -> Edge | None:
    for name in _PARTS.get(id(type(holder)), ()):
        try:
            value = getattr(holder, name)
        except (AttributeError, ValueError):
            continue
        if value is held:
            return Edge("part", name)
    return None


def _attribute(holder: Any, held: Any) -> Edge | None:
    if anatomy.own_dict(holder) is held:
        return INSIDE
    for name, value in anatomy.attributes(holder):
        if value is held:
            return public(holder, name)
    if anatomy.is_a(holder, BaseException):
        return _exception(holder, held)
    return None


def _exception(holder: BaseException, held: Any) -> Edge | None:
    for name in ("__traceback__", "__context__", "__cause__", "args"):
        if BaseException.__dict__[name].__get__(holder) is held:
            return Edge("attribute", name)
    return None


def public(holder: Any, name: str) -> Edge:
    """Return the edge from ``holder`` by its attribute ``name``."""
    for cls in anatomy.mro(type(holder)):
        found = _PRIVATE.get((anatomy.name(cls), name))
        if found is not None:
            return Edge("attribute", found) if found else INSIDE
    return Edge("attribute", redact.text(name, 60))


def _item(holder: Any, held: Any) -> Edge | None:
    if anatomy.is_a(holder, dict):
        return _key(holder, held)
    for base in (tuple, list):
        if anatomy.is_a(holder, base):
            return _index(base, holder, held)
    return ANY if anatomy.is_a(holder, set, frozenset, deque) else None


def _key(holder: dict[Any, Any], held: Any) -> Edge:
    if dict.__len__(holder) > CROWD:
        return ANY_KEY
    for key, value in list(dict.items(holder)):
        if value is held:
            return Edge("key", key_text(key))
        if key is held:
            break
    return ANY_KEY


def _index(base: Any, holder: Any, held: Any) -> Edge:
    if base.__len__(holder) > CROWD:
        return ANY
    items: Callable[[Any], Iterator[Any]] = base.__iter__
    for number, value in enumerate(items(holder)):
        if value is held:
            return Edge("index", str(number))
    return ANY


def key_text(key: Any) -> str:
    """Return an exact string or bytes key as source text, else ``*``."""
    if type(key) is str:
        return f"'{redact.url(key, 60)}'"
    if type(key) is bytes:
        return f"b'{redact.url(key.decode('latin-1'), 60)}'"
    return "*"
