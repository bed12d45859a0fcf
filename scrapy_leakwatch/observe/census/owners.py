"""Where a project keeps what it collects: spider, components, classes, modules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.internals import components
from scrapy_leakwatch.observe.census.routes import Route
from scrapy_leakwatch.observe.census.shapes import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.census.shapes import Shapes
    from scrapy_leakwatch.records import Origin

SPIDER = "spider"
FILTER = "duplicate filter"


class Owners:
    """The owners as they are now; lives no longer than one look."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._components: list[tuple[str, Any]] | None = None

    @property
    def components(self) -> list[tuple[str, Any]]:
        """The components, each with its kind in words."""
        if self._components is None:
            self._components = list(components.managed(self._crawler))
            seen = components.duplicate_filter(self._crawler)
            self._components.append((FILTER, seen))
        return self._components

    @property
    def spider(self) -> Any:
        """The spider, None before there is one."""
        return anatomy.attribute(self._crawler, SPIDER)

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return the owner known by ``key``, None where it is gone.

        Of a module these are its globals.
        """
        kind, *rest = key
        if kind == "module":
            return anatomy.own_dict(sys.modules.get(rest[0]))
        if kind == "class":
            order = anatomy.mro(type(self.get(rest[0])))
            return order[rest[1]] if rest[1] < len(order) else None
        if kind == SPIDER:
            return self.spider
        number = rest[0]
        return self.components[number][1] if number < len(self.components) else None


def packages(owners: Owners, spider_modules: list[str]) -> frozenset[str]:
    """Return the top packages of the spider and of the project's components."""
    found = {"__main__", *(_top(str(name)) for name in spider_modules)}
    found.add(_top(anatomy.module(type(owners.spider))))
    found.update(map(_top, homes(owners)))
    return frozenset(found) - LIBRARIES


def homes(owners: Owners) -> frozenset[str]:
    """Return the modules that define the spider and the project's components."""
    return frozenset(
        anatomy.module(cls)
        for obj in (owners.spider, *(each for _, each in owners.components))
        for cls in anatomy.mro(type(obj))
        if _top(anatomy.module(cls)) not in LIBRARIES
        and places.origin_of_class(cls) == "project"
    )


def modules(packages: frozenset[str], first: frozenset[str]) -> list[Route]:
    """Return the routes to the imported modules of ``packages``, those ``first``."""
    found = [
        name
        for name in list(sys.modules)
        if type(name) is str and _top(name) in packages
    ]
    return [_module(name) for name in sorted(found, key=lambda each: each not in first)]


def _module(name: str) -> Route:
    shown = redact.text(name)
    return Route(
        "root", ("module", name), shown, f"module {shown}", "project", "module"
    )


def near(owners: Owners, shapes: Shapes) -> list[Route]:
    """Return the routes to the spider, the components, and the classes of both.

    Those of the project come first.
    """
    found = list(_instances(owners, shapes))
    taken: set[str] = set()
    for route in tuple(found):
        if route.origin == "library":
            continue
        for number, cls in enumerate(anatomy.mro(type(owners.get(route.key)))):
            path = redact.text(anatomy.path(cls))
            if path in taken or not shapes.is_ours(cls):
                continue
            name = redact.text(anatomy.qualname(cls))
            key = ("class", route.key, number)
            text = _free(name, path, taken)
            taken.add(path)
            found.append(Route("root", key, text, f"class {name}", "project", "class"))
    return sorted(found, key=lambda route: route.origin == "library")


def _instances(owners: Owners, shapes: Shapes) -> Iterator[Route]:
    taken: set[str] = set()
    met: set[int] = set()
    if owners.spider is not None:
        origin: Origin = "project" if shapes.of(owners.spider).ours else "library"
        yield Route("root", (SPIDER,), SPIDER, SPIDER, origin, "instance")
    for number, (kind, component) in enumerate(owners.components):
        shape = shapes.of(component)
        if shape.sort != "object" or id(component) in met:
            continue
        met.add(id(component))
        origin = "project" if shape.ours else "library"
        text = _free(shape.name, f"{shape.module}.{shape.name}", taken)
        words = f"{kind} {shape.name}"
        yield Route("root", (kind, number), text, words, origin, "instance")


def _free(name: str, path: str, taken: set[str]) -> str:
    """Return the first name that no other owner has."""
    text, number = (path if name in taken else name), 2
    while text in taken:
        text, number = f"{path} ({number})", number + 1
    taken.add(text)
    return text


def _top(module: str) -> str:
    return module.partition(".")[0]
