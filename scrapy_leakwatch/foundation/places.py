"""Tells the project's own code from that of libraries, by where its files are."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from types import CodeType

    from scrapy_leakwatch.records import Origin

PACKAGE = str(Path(__file__).parent.parent) + os.sep
_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = tuple(
    {
        os.path.realpath(sysconfig.get_path(name)) + os.sep
        for name in ("stdlib", "platstdlib")
    }
)


@lru_cache(maxsize=4096)
def origin_of_file(path: str) -> Origin:
    """Return whose code the file at ``path`` is; a path in ``<>`` is a library's."""
    if path.startswith(("<", PACKAGE)):
        return "library"
    parent, name = os.path.split(path)
    full = os.path.join(_real_folder(parent), name)
    if any(f"{os.sep}{folder}{os.sep}" in full for folder in _INSTALLED):
        return "library"
    return "library" if full.startswith(_STANDARD) else "project"


@lru_cache(maxsize=1024)
def _real_folder(path: str) -> str:
    """Return where a folder is; files in it may be links into an installer's cache."""
    return os.path.realpath(os.path.join(_here(), path))


def file_of_module(name: str) -> str | None:
    """Return the source file of the imported module ``name``."""
    found = anatomy.attribute(sys.modules.get(name), "__file__")
    return found if type(found) is str else None


def origin_of_module(name: str) -> Origin:
    """Return whose code the imported module ``name`` is."""
    return origin_of(name, file_of_module(name))


def origin_of(name: str, path: str | None) -> Origin:
    """Return whose code a module of that name and file is."""
    if path is None:
        return "project" if name == "__main__" else "library"
    return origin_of_file(path)


def origin_of_class(cls: type) -> Origin:
    """Return whose code defines ``cls``."""
    return origin_of_module(anatomy.module(cls))


def relative(path: str) -> str:
    """Return ``path`` as a person in the project's folder would type it."""
    here = _here()
    full = os.path.normpath(os.path.join(here, path))
    if full.startswith(here + os.sep):
        return full[len(here) + 1 :]
    return os.path.join(*Path(full).parts[-_depth(full) :])


def _here() -> str:
    """Return the working directory, the root where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return os.sep


def function_name(code: CodeType) -> str:
    """Return the dotted name of the function, its bare name before 3.11."""
    return str(getattr(code, "co_qualname", code.co_name))


def is_project(code: Any) -> bool:
    """Tell whether ``code`` is of the project."""
    return origin_of_file(code.co_filename) == "project"


def origin_of_callable(called: Any) -> Origin:
    """Return whose code runs when ``called`` is called; in C it is of its class."""
    function = anatomy.function_of(called)
    if function is None:
        return origin_of_class(type(called))
    return "project" if is_project(function.__code__) else "library"


def _depth(full: str) -> int:
    """Return how many parts to keep: the package's folders and the file."""
    depth = 1
    folder = Path(full).parent
    while (folder / "__init__.py").exists():
        depth, folder = depth + 1, folder.parent
    return depth
