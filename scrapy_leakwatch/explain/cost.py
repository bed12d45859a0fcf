"""Prices a suspect: the bytes that would be free without it."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
)
from typing import Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch import anatomy

MOST_NODES = 5_000
LARGEST_CONTAINER = 10_000
TREE_BYTES = 3_000
NODE_BYTES = 285
"""What libxml2 takes for a document, and for each element or HTML attribute
with its text; measured on pages from 1 to 36 kB, right to about 15 %."""

_GC_HEADER = 16
_SHARED = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    CodeType,
    FrameType,
)
_SHARED_PATHS = (
    "scrapy.spiders.Spider",
    "scrapy.crawler.Crawler",
    "scrapy.settings.BaseSettings",
    "scrapy.core.engine.ExecutionEngine",
    "twisted.internet.base.ReactorBase",
    "asyncio.events.AbstractEventLoop",
    "logging.Logger",
)


@dataclass(frozen=True, slots=True)
class Price:
    """What one suspect holds alone, on average over the sample.

    ``tree_bytes`` of ``bytes_each`` are the estimate for parsed documents.
    ``victims`` are the other tracked classes that are held with it.
    """

    bytes_each: int
    tree_bytes: int
    victims: tuple[str, ...]


def price(suspects: list[Any], stops: set[int]) -> Price:
    """Return the price of ``suspects``; ``stops`` are objects not to enter."""
    if not suspects:
        return Price(0, 0, ())
    barrier = stops | {id(obj) for obj in suspects}
    kept = [_reach((obj,), barrier, type(obj)) for obj in suspects]
    seen = Counter(key for own in kept for key in own)
    total = trees = 0
    victims: set[str] = set()
    for suspect, own in zip(suspects, kept, strict=True):
        alone = [obj for key, obj in own.items() if seen[key] == 1]
        total += sum(size_of(obj) for obj in alone)
        trees += _tree_bytes(alone)
        victims.update(
            anatomy.name(type(obj))
            for obj in alone
            if anatomy.is_a(obj, object_ref) and type(obj) is not type(suspect)
        )
    count = len(suspects)
    return Price((total + trees) // count, trees // count, tuple(sorted(victims)))


def size_of(obj: Any) -> int:
    """Return the bytes of ``obj`` itself, as the C level counts them."""
    header = _GC_HEADER if gc.is_tracked(obj) else 0
    for cls in anatomy.mro(type(obj)):
        measure = anatomy.namespace(cls).get("__sizeof__")
        if type(measure) is MethodDescriptorType:
            return int(measure(obj)) + header
    return header


def price_entries(entries: list[tuple[Any, ...]], stops: set[int]) -> Price:
    """Return the price of a container's ``entries``, each a key, a value or both.

    ``victims`` are the tracked classes that most entries hold. What several of
    them hold is no entry's own.
    """
    if not entries:
        return Price(0, 0, ())
    kept = [_reach(parts, stops, None) for parts in entries]
    seen = Counter(key for own in kept for key in own)
    total = trees = 0
    holding: Counter[str] = Counter()
    for own in kept:
        alone = [obj for key, obj in own.items() if seen[key] == 1]
        total += sum(size_of(obj) for obj in alone)
        trees += _tree_bytes(alone)
        tracked = [obj for obj in own.values() if anatomy.is_a(obj, object_ref)]
        holding.update({anatomy.name(type(obj)) for obj in tracked})
    count = len(entries)
    victims = sorted(name for name, times in holding.items() if 2 * times > count)
    return Price((total + trees) // count, trees // count, tuple(victims))


def _reach(
    parts: tuple[Any, ...], barrier: set[int], kin: type | None
) -> dict[int, Any]:
    """Return what ``parts`` reach, without what is shared by design and ``kin``."""
    found = {id(part): part for part in parts if kin is not None or _is_own(part)}
    queue = list(found.values())
    while queue and len(found) < MOST_NODES:
        obj = queue.pop()
        if anatomy.size(obj) > LARGEST_CONTAINER:
            continue
        for part in gc.get_referents(obj):
            if id(part) in found or id(part) in barrier:
                continue
            if type(part) is kin or _is_shared(part):
                continue
            found[id(part)] = part
            queue.append(part)
    return found


def _is_own(obj: Any) -> bool:
    """Tell whether an entry is more than a reference to what is there anyway."""
    return not _is_shared(obj) and type(obj) is not bool


def _is_shared(obj: Any) -> bool:
    return (
        obj is None
        or anatomy.is_a(obj, *_SHARED)
        or anatomy.inherits(obj, *_SHARED_PATHS)
    )


def _tree_bytes(objects: list[Any]) -> int:
    """Estimate the trees behind selectors: Python's sizes do not show them."""
    if not any(anatomy.module(type(obj)).startswith("lxml.") for obj in objects):
        return 0
    bodies = [obj for obj in objects if type(obj) is bytes]
    return tree_bytes(max(bodies, key=len, default=b""))


def tree_bytes(body: bytes) -> int:
    """Estimate the size of the tree that ``body``, a page, is parsed to."""
    elements = body.count(b"<") - body.count(b"</")
    return TREE_BYTES + NODE_BYTES * (elements + body.count(b"=")) + len(body)
