"""Finds what keeps a request from being written to disk.

Scrapy's disk queues pickle requests; one that can't be pickled waits in
memory instead. Pickling runs the crawl's code, so the reason is read from the
types, the C level's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import TYPE_CHECKING, Any

from scrapy import Spider

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.naming import callables, labels, words
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.foundation.lines import SourceLine

DEEPEST = 6
MOST_NODES = 2_000
BAGS = ("_meta", "_cb_kwargs", "cookies", "_flags", "flags")
_CALLABLES = anatomy.identities(FunctionType, MethodType)
_PLAIN = anatomy.identities(list, tuple, set, frozenset)
_OWN_RULES = frozenset(
    [
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__getnewargs__",
        "__getnewargs_ex__",
    ]
)
_NEVER: tuple[type, ...] = (
    GeneratorType,
    CoroutineType,
    AsyncGeneratorType,
    FrameType,
    TracebackType,
    CodeType,
    ModuleType,
    memoryview,
)
_NEVER_PATHS = (
    "parsel.selector.Selector",
    "scrapy.http.response.Response",
    "scrapy.crawler.Crawler",
    "scrapy.spiders.Spider",
    "itemloaders.ItemLoader",
    "twisted.internet.defer.Deferred",
    "weakref.ReferenceType",
    "builtins.weakref",
)
_NEVER_MODULES = ("_thread", "_io", "_socket", "socket", "ssl", "_asyncio", "lxml.")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What can't be pickled: in words, and the line of its code if it has one."""

    what: str
    line: SourceLine | None = None


def obstacle(request: Any, spider: Any) -> Obstacle | None:
    """Return what keeps ``request`` from being pickled, None if nothing is seen."""
    for name in ("callback", "errback"):
        found = _of_callable(anatomy.attribute(request, name), name, spider)
        if found is not None:
            return found
    for bag in BAGS:
        value = anatomy.attribute(request, bag)
        for trail in _trails((request, value)) if value is not None else ():
            reason = _reason(trail[-1])
            if reason:
                edges = words.edges_along(trail, first_is_namespace=False)
                return Obstacle(f"Request{words.written(edges)} is {reason}")
    return None


def _of_callable(function: Any, role: str, spider: Any) -> Obstacle | None:
    """Scrapy writes a callback as the name of a method of the spider."""
    if function is None or not anatomy.is_exactly(function, _CALLABLES):
        kind = "" if function is None else labels.label(function)
        return Obstacle(f"Request.{role} is {kind}") if kind else None
    if type(function) is MethodType and function.__self__ is spider:
        return None
    code = callables.code_of(function)
    name = callables.function_name(function)
    line = source.of_code(code) if code is not None else None
    return Obstacle(f"Request.{role} is {name}, no method of the spider", line)


def _trails(start: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each object in a request's values, breadth first."""
    level = [start]
    seen = {id(start[-1])}
    for _ in range(DEEPEST):
        below = []
        for trail in level:
            yield trail
            if _reason(trail[-1]):
                continue
            for part in _parts(trail[-1]):
                if id(part) not in seen and len(seen) < MOST_NODES:
                    seen.add(id(part))
                    below.append((*trail, part))
        level = below


def _parts(obj: Any) -> list[Any]:
    if type(obj) is dict:
        return [part for pair in dict.items(obj) for part in pair]
    if anatomy.is_exactly(obj, _PLAIN):
        return list(obj)
    if _pickles_its_own_way(obj):
        return []
    return [value for _, value in anatomy.attributes(obj)]


def _pickles_its_own_way(obj: Any) -> bool:
    """Tell whether its class says what of it is written: it may leave parts out."""
    return any(
        not _OWN_RULES.isdisjoint(anatomy.namespace(cls))
        for cls in anatomy.mro(type(obj))
        if cls is not object
    )


def _reason(obj: Any) -> str:
    """Return what ``obj`` is, in words, if it can never be pickled."""
    cls = type(obj)
    if cls is FunctionType:
        name = callables.function_name(obj)
        return f"{name}, which has no name to find it by" if "<" in name else ""
    if anatomy.is_a(obj, *_NEVER, Spider) or anatomy.inherits(obj, *_NEVER_PATHS):
        return f"of type {anatomy.name(cls)}"
    if anatomy.module(cls).startswith(_NEVER_MODULES):
        return f"of type {anatomy.module(cls)}.{anatomy.name(cls)}"
    if "<locals>" in anatomy.qualname(cls):
        return f"of type {anatomy.name(cls)}, a class inside a function"
    return ""
