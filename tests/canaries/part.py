"""A part of others that is read, and how it is looked at."""

from __future__ import annotations

import importlib
import pkgutil
import platform
import re
import types
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Callable


MB = 1_000_000
LOST = "a bill would not have these bytes"


class Part(NamedTuple):
    """A part of others that is read: where it is, who reads it, what is lost without.

    ``look`` returns an object or a class that has ``names``, of ``a|b`` one; without
    names it tells whether all is as it was.
    """

    of: str
    names: str
    readers: str
    without: str
    look: Callable[[], Any]

    def gone(self) -> list[str]:
        """Return a sentence for each name that is gone."""
        found = self.look()
        if not self.names:
            return [] if found else [self.said(self.of, "is another")]
        return [
            self.said(f"{self.of}.{name}", "is gone")
            for name in self.names.split()
            if not any(has(found, each) for each in name.split("|"))
        ]

    def said(self, what: str, fate: str) -> str:
        readers = " and ".join(self.readers.split())
        return f"{release(self.of)}: {what} {fate}; {readers} reads it: {self.without}"


def release(what: str) -> str:
    """Return the library that something is of, with its version."""
    name = re.split(r"\W", what)[0].replace("_", "-")
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"Python {platform.python_version()}"


def has(obj: Any, name: str) -> bool:
    """Tell whether an object, its class, or a class itself has an attribute."""
    table = anatomy.own_dict(obj)
    if table is not None and name in table:
        return True
    classes = anatomy.mro(obj if isinstance(obj, type) else type(obj))
    return any(name in anatomy.namespace(cls) for cls in classes)


def makes(cls: Any) -> Any:
    """Return what has all names that the methods of a class speak of."""
    methods = (part for part in vars(cls).values() if type(part) is types.FunctionType)
    names = [name for each in methods for name in each.__code__.co_names]
    return types.SimpleNamespace(**dict.fromkeys(names))


def module(name: str) -> Any:
    """Return a module of a library that need not be there."""
    return pytest.importorskip(name, exc_type=ImportError)


def of_playwright(name: str) -> Any:
    """Return a module of Playwright's implementation: its file had "_" before 1.65."""
    inside = module("playwright._impl")
    known = {found.name for found in pkgutil.iter_modules(inside.__path__)}
    found = name if name in known else f"_{name}"
    return importlib.import_module(f"playwright._impl.{found}")


class Plain:
    def __init__(self, held: Any) -> None:
        self.held, self.other = held, 1
