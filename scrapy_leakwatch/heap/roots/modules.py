"""The modules that are loaded: those of the project one by one, and packages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.graph import packages
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator


def of_project(_: Any, __: Outside) -> Iterator[Root]:
    """Yield each module of the project."""
    for package, files in packages(sys.modules).items():
        if _is_library(package, files):
            continue
        for name, file in files.items():
            if places.origin_of(name, file) == "project":
                module, label = sys.modules[name], redact.text(name, 80)
                own = anatomy.own_dict(module)
                yield Root(
                    f"module {label}",
                    "module",
                    "project",
                    [Start(module, label), Start(own, label)],
                    passing=True,
                    modules=(name,),
                )


def of_libraries(_: Any, __: Outside) -> Iterator[Root]:
    """Yield each package; its modules are one owner."""
    for package, files in packages(sys.modules).items():
        homes = [package]
        if not _is_library(package, files):
            homes = [n for n in files if places.origin_of(n, files[n]) == "library"]
        if homes:
            name = f"package {redact.text(package, 80)}"
            modules = () if package == _MAKES_CLASSES else tuple(homes)
            yield Root(name, "code", "library", modules=modules, package=package)


_MAKES_CLASSES = "abc"
"""What a call of a metaclass in it, such as `type` for an item, makes says to be of it:
such classes are of whoever has them."""


def _is_library(package: str, files: dict[str, str | None]) -> bool:
    """Tell whether all of a package is; one without a file has parts anywhere."""
    if package == "scrapy_leakwatch":
        return True
    file = files.get(package)
    if file is None:
        inside = anatomy.attribute(sys.modules.get(package), "__path__")
        return len(files) == 1 and inside is None and package != "__main__"
    return places.origin_of_file(file) == "library"
