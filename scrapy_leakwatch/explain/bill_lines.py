"""Finds the line that adds to a place, and says what helps."""

from __future__ import annotations

import array
import io
from collections import deque
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.explain import (
    blame,
    callables,
    contents,
    expressions,
    pools,
    registries,
    remedies,
    source,
)
from scrapy_leakwatch.explain.bill_carried import bag_of
from scrapy_leakwatch.explain.edges import GENERATORS
from scrapy_leakwatch.explain.holders import Anchor, root
from scrapy_leakwatch.explain.reference_path import start_at
from scrapy_leakwatch.lines import Line, at, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.explain.bill_paths import Place
    from scrapy_leakwatch.explain.records import Origin

_QUEUES = (
    "asyncio.queues.Queue",
    "queue.Queue",
    "queue.SimpleQueue",
    "_queue.SimpleQueue",
    "twisted.internet.defer.DeferredQueue",
)
_NAMESPACES = ("types.SimpleNamespace", "argparse.Namespace")
_BUFFERS = (io.BytesIO, io.StringIO, bytearray, array.array, str, bytes)
_PLAIN_MODULES = frozenset(
    ["builtins", "collections", "functools", "types", "argparse", "array"]
)


def line_of(place: Place, crawler: Any) -> Line | None:
    """Return the line of the project that adds to ``place``, None if none is known."""
    work = pools.work_in(place.way)
    if work is not None:
        classes = source.classes_of(crawler)
        started = source.of_call(pools.starters(place.way), work.co_name, classes)
        return started or source.of_code(work)
    registry = registries.of(place)
    if registry is not None:
        return registries.line_of(registry, crawler)
    bag = bag_of(place.way, place.names)
    if bag is not None:
        return source.of_key(*bag, source.classes_of(crawler), frozenset())
    for number, node in enumerate(place.way):
        if id(type(node)) in GENERATORS:
            return _line_in_function(node, place, number)
    return _line_at_holder(place, crawler)


def _line_at_holder(place: Place, crawler: Any) -> Line | None:
    start = start_at(place.way[0])
    way = _behind_namespaces(place.way)
    if type(way[0]) is ModuleType and len(way) > 1:
        way = way[1:]
    anchor = Anchor(root.KIND, way, (), start)
    found = blame.added_there(anchor, crawler) or blame.used_there(anchor, crawler)
    if found is None and place.chain:
        return _line_of_link(place, crawler)
    return found


def _behind_namespaces(way: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the way from the last bare namespace on: what it has, others add to."""
    for number in range(len(way) - 2, 0, -1):
        if anatomy.inherits(way[number], *_NAMESPACES):
            return way[number:]
    return way


def _line_of_link(place: Place, crawler: Any) -> Line | None:
    """Return the line that gives a node of a chain the next one."""
    for node, name in reversed(list(zip(place.way, place.names, strict=False))):
        if name.kind == "attribute" and not anatomy.is_a(node, dict):
            classes = source.classes_of(crawler)
            return source.of_attribute(name.name, type(node), classes)
    return None


def _line_in_function(node: Any, place: Place, number: int) -> Line | None:
    """Return the line of a function that adds to one of its variables."""
    code = callables.code_of_generator(node)
    if code is None or not places.is_project(code):
        return None
    names = [name.name for name in place.names[number:] if name.kind == "local"]
    found = _added_in(code, names[0]) if names else None
    return found or at(code.co_filename, code.co_firstlineno)


def _added_in(code: CodeType, name: str) -> Line | None:
    tree = tree_of(code.co_filename)
    if tree is None:
        return None
    last = max((line for *_, line in code.co_lines() if line), default=0)
    inside = [
        each.line
        for each in expressions.grown(tree, name, is_global=True)
        if code.co_firstlineno <= each.line <= last
    ]
    return at(code.co_filename, inside[0]) if inside else None


def remedy_of(place: Place, owner: str, origin: Origin) -> str:
    """Return one sentence a person can act on, empty where nothing sure can be said."""
    registry = registries.of(place)
    if registry is not None:
        return registry.remedy
    for is_so, sentence in _REMEDIES:
        if is_so(place):
            return sentence.format(path=place.path, thing=place.type)
    foreign = next((node for node in place.way[1:] if _is_foreign(node)), None)
    if foreign is not None and origin == "project":
        name = redact.text(anatomy.name(type(foreign)), 60)
        return (
            f"what is handed to this {name} stays in it: flush, commit or clear it"
            " every few hundred items"
        )
    if anatomy.size(place.holder):
        return remedies.remedy(_hoard(place, owner, origin))
    return ""


def _in_queue(place: Place) -> bool:
    return any(anatomy.inherits(node, *_QUEUES) for node in place.way)


def _in_function(place: Place) -> bool:
    return any(id(type(node)) in GENERATORS for node in place.way)


_REMEDIES: tuple[tuple[Callable[[Place], bool], str], ...] = (
    (
        lambda place: place.type in remedies.SMART_STRINGS,
        remedies.against_smart_strings("{path}"),
    ),
    (
        lambda place: bag_of(place.way, place.names) is not None,
        "each request that waits carries {path}: pass only what its callback needs,"
        " or keep it in a file or a database and pass its key",
    ),
    (lambda place: pools.is_in_pool(place.way), pools.REMEDY),
    (
        _in_queue,
        "the consumer is slower than the crawl: give the queue a bound"
        " (maxsize=1_000) and await put(), or let more consumers take from it",
    ),
    (
        lambda place: anatomy.is_a(place.holder, *_BUFFERS),
        "write {path} out in parts and truncate it, or write to a file instead",
    ),
    (
        lambda place: anatomy.inherits(place.holder, "sqlite3.Connection"),
        "the database of {path} is in memory: connect it to a file",
    ),
    (
        _in_function,
        "yield each {thing} as an item, and do not collect them in {path}",
    ),
)
"""What a place is, and what helps; the first that fits."""


def _is_foreign(obj: Any) -> bool:
    """Tell whether it is an object of a package, and more than a container."""
    if anatomy.is_a(obj, dict, list, set, tuple, frozenset, deque, type, ModuleType):
        return False
    module = anatomy.module(type(obj)).partition(".")[0]
    return module not in _PLAIN_MODULES and (
        places.origin_of_class(type(obj)) == "library"
    )


def _hoard(place: Place, owner: str, origin: Origin) -> remedies.Hoard:
    holder = place.holder
    inside = contents.in_words(contents.pick(holder)) if anatomy.size(holder) else ""
    keys, _, values = inside.rpartition(" → ")
    kind: remedies.Kind = "list"
    if anatomy.inherits(holder, "collections.Counter"):
        kind = "counter"
    elif anatomy.is_a(holder, dict):
        kind = "dict"
    elif anatomy.is_a(holder, set):
        kind = "set"
    return remedies.Hoard(
        name=place.path,
        kind=kind,
        owner=owner,
        origin=origin,
        values=values or place.type,
        keys=keys,
        owner_kind=start_at(place.way[0]).kind,
    )
