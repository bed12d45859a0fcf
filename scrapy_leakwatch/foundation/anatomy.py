"""Reads the parts of an object without running a line of its class's code.

``x.attribute``, ``isinstance``, ``==``, ``len`` and ``repr`` all ask the class
of ``x``, which belongs to the crawl and may do anything. The functions here
ask the C level only: descriptors of ``type``, of slots and of builtin types.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from functools import _lru_cache_wrapper, partial
from types import (
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MRO = type.__dict__["__mro__"]
_NAMESPACE = type.__dict__["__dict__"]
_NAME = type.__dict__["__name__"]
_MODULE = type.__dict__["__module__"]
_QUALNAME = type.__dict__["__qualname__"]
_FLAGS = type.__dict__["__flags__"]
_HEAP_TYPE = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE`` (Include/object.h)."""
_DEEPEST = 8
"""Partials and methods of one another that are unwrapped."""
_DOC_OF_DICT = type("", (), {}).__dict__["__dict__"].__doc__
"""What Python writes to the ``__dict__`` that it gives to a class statement's class."""
_PYTHONS_OWN = sys.stdlib_module_names | {"builtins"}
_SIZED: tuple[Any, ...] = (dict, list, tuple, set, frozenset, deque)


def mro(cls: type) -> tuple[type, ...]:
    """Return the method resolution order of ``cls``."""
    order: tuple[type, ...] | None = _MRO.__get__(cls)
    return order or ()


def namespace(cls: type) -> MappingProxyType[str, Any]:
    """Return what ``cls`` itself defines."""
    found: MappingProxyType[str, Any] = _NAMESPACE.__get__(cls)
    return found


def name(cls: type) -> str:
    """Return the bare name of ``cls``."""
    return str.__str__(_NAME.__get__(cls))


def qualname(cls: type) -> str:
    """Return the dotted name of ``cls`` inside its module."""
    return str.__str__(_QUALNAME.__get__(cls))


def module(cls: type) -> str:
    """Return the name of the module that defines ``cls``."""
    try:
        found = _MODULE.__get__(cls)
    except AttributeError:
        return "builtins"
    return found if type(found) is str else "builtins"


def path(cls: type) -> str:
    """Return where ``cls`` says that it is defined, as ``module.Class``."""
    return f"{module(cls)}.{qualname(cls)}"


def defined(cls: type, wanted: str) -> Any:
    """Return what ``cls`` or the next of its bases defines, None where none does."""
    for base in mro(cls):
        if wanted in namespace(base):
            return namespace(base)[wanted]
    return None


def is_heap_type(cls: type) -> bool:
    """Tell whether ``cls`` was made at run time, and is no part of a C library."""
    return bool(_FLAGS.__get__(cls) & _HEAP_TYPE)


def derives(cls: type, *bases: type) -> bool:
    """Tell whether ``cls`` inherits one of ``bases``.

    By identity: ``in`` would ask its metaclass whether they are equal.
    """
    return any(each is base for each in mro(cls) for base in bases)


def is_a(obj: object, *bases: type) -> bool:
    """Tell whether the type of ``obj`` inherits one of ``bases``."""
    return derives(type(obj), *bases)


def inherits(obj: object, *paths: str) -> bool:
    """Tell whether the type of ``obj`` inherits a class at one of ``paths``."""
    return any(path(cls) in paths for cls in mro(type(obj)))


def identities(*kinds: type) -> frozenset[int]:
    """Return types that live as long as the process, for `is_exactly`."""
    return frozenset(map(id, kinds))


def is_exactly(obj: object, kinds: frozenset[int]) -> bool:
    """Tell whether the type of ``obj`` is one of `identities`."""
    return id(type(obj)) in kinds  # to hash the type would ask its metaclass


def is_descriptor(found: object) -> bool:
    """Tell whether ``found`` in a class is a descriptor of the C level."""
    # By identity: to compare or hash the type would ask its metaclass.
    kind = type(found)
    return kind is GetSetDescriptorType or kind is MemberDescriptorType


def reads_own_dict(found: object) -> bool:
    """Tell whether a ``__dict__`` in a class is Python's own way to that of instances.

    A proxy written in C has one that asks what it stands for, and may make that.
    """
    if type(found) is not GetSetDescriptorType:
        return type(found) is MemberDescriptorType
    if found.__doc__ == _DOC_OF_DICT:
        return True
    return module(found.__objclass__).partition(".")[0] in _PYTHONS_OWN


def own_dict(obj: object) -> dict[Any, Any] | None:
    """Return the ``__dict__`` of ``obj``; makes one where it was not made yet."""
    for cls in mro(type(obj)):
        descriptor: Any = namespace(cls).get("__dict__")
        if reads_own_dict(descriptor):
            try:
                found = descriptor.__get__(obj)
            except (AttributeError, TypeError):
                return None
            return found if type(found) is dict or is_a(found, dict) else None
    return None


def members(obj: object) -> Iterator[tuple[str, Any]]:
    """Yield the filled slots and C members of ``obj``."""
    for cls in mro(type(obj)):
        for key, descriptor in namespace(cls).items():
            if type(descriptor) is not MemberDescriptorType:
                continue
            try:
                yield key, descriptor.__get__(obj)
            except (AttributeError, TypeError, SystemError):
                continue


def attributes(obj: object) -> Iterator[tuple[str, Any]]:
    """Yield what the slots and the ``__dict__`` of ``obj`` hold."""
    yield from members(obj)
    found = own_dict(obj)
    if found is None:
        return
    for key, value in list(dict.items(found)):
        if type(key) is str:
            yield key, value


def attribute(obj: object, *names: str) -> Any:
    """Follow ``names`` from ``obj``, ``None`` where one is missing."""
    for wanted in names:
        table = own_dict(obj)
        if table is not None and dict.__contains__(table, wanted):
            obj = dict.__getitem__(table, wanted)
            continue
        obj = _member(obj, wanted)
        if obj is None:
            return None
    return obj


def _member(obj: object, wanted: str) -> Any:
    for cls in mro(type(obj)):
        descriptor = namespace(cls).get(wanted)
        if type(descriptor) is MemberDescriptorType:
            try:
                return descriptor.__get__(obj)
            except (AttributeError, TypeError, SystemError):
                return None
    return None


def text_attribute(obj: object, *names: str) -> str:
    """Follow ``names`` from ``obj`` to an exact string, empty if there is none."""
    found = attribute(obj, *names)
    return found if type(found) is str else ""


def size(obj: object) -> int:
    """Return the length of a builtin container, 0 for anything else."""
    for base in _SIZED:
        if is_a(obj, base):
            return int(base.__len__(obj))
    return 0


def tables_of(cls: type) -> list[dict[Any, Any]]:
    """Return the dicts that ``cls`` refers to; one has its attributes."""
    return [part for part in gc.get_referents(cls) if type(part) is dict]


def function_of(obj: Any, *, in_caches: bool = False) -> FunctionType | None:
    """Return the Python function that runs when ``obj`` is called, None if none does.

    ``in_caches``: also that of a `functools.lru_cache`, which does not always run.
    """
    for _ in range(_DEEPEST):
        if type(obj) is FunctionType:
            return obj
        if type(obj) is MethodType:
            obj = obj.__func__
        elif is_a(obj, partial):
            obj = attribute(obj, "func")
        elif in_caches and type(obj) is _lru_cache_wrapper:
            obj = attribute(obj, "__wrapped__")
        else:
            return None
    return None
