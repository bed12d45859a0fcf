"""Looks at live requests in this process, where there is no fork.

It sees less than the walk: only what requests carry in ``meta``,
``cb_kwargs``, callbacks and errbacks, and it cannot tell who holds the
requests. Its work is bounded: so many requests, so many objects each.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from itertools import islice
from types import CellType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from scrapy_leakwatch.explain import holders
from scrapy_leakwatch.explain.answers.findings import Group, wording_of
from scrapy_leakwatch.explain.answers.statement import state
from scrapy_leakwatch.explain.holders import Anchor, function, request
from scrapy_leakwatch.explain.naming.reference_path import PathStart
from scrapy_leakwatch.explain.records import Unexplained
from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.records import Counts, Effort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy_leakwatch.explain.records import Explanation, Question

REQUESTS = 48
OBJECTS = 200
LARGEST = 500
DEPTH = 7

_BAGS = ("_meta", "_cb_kwargs", "callback", "errback")
_LIVE = PathStart(
    "queue",
    "live requests, looked at without a fork",
    "requests",
    "project",
    owner_kind="unknown",
)

Trail = tuple[Any, ...]


def look(
    question: Question,
    classes: tuple[type, ...],
    requests: tuple[Any, ...],
    crawler: Any,
) -> Explanation | Unexplained:
    """Return what live requests hold instances of ``classes`` by.

    ``requests`` are the weak collections that list the live requests.
    ``examined`` is the number of requests, not of suspects.
    """
    start = time.perf_counter()
    examined = [each for table in requests for each in _spread(table)]
    groups: dict[str, Group] = {}
    for each in examined:
        trail = _find(each, classes)
        if trail is not None:
            _join(groups, trail)
    if groups:
        found = _stated(question, groups, len(examined), crawler)
    else:
        found = _nothing(question, len(examined))
    taken_ms = (time.perf_counter() - start) * 1000
    return replace(found, effort=Effort(taken_ms, taken_ms))


def _stated(
    question: Question, groups: dict[str, Group], examined: int, crawler: Any
) -> Explanation | Unexplained:
    main = max(groups.values(), key=lambda group: group.count)
    url = anatomy.text_attribute(main.anchors[0].trail[-1], "_url")
    found = state(question, main, crawler)
    return replace(
        found,
        traits=(*found.traits, "direct"),
        counts=Counts(examined, main.count),
        example_url=redact.url(url),
    )


def _spread(table: Any) -> Iterator[Any]:
    """Yield some live requests of a weak table, evenly over age."""
    step = max(len(table) // REQUESTS, 1)
    yield from islice(list(table), 0, None, step)


def _nothing(question: Question, examined: int) -> Unexplained:
    return Unexplained(
        question.subject,
        question.class_path,
        question.spider,
        "no fork here, and no live request holds one directly",
        Counts(examined),
    )


def _join(groups: dict[str, Group], trail: Trail) -> None:
    anchor = _anchor(trail)
    wording = wording_of(anchor)
    group = groups.setdefault(
        wording.general, Group((anchor.kind.name, wording.general), "held")
    )
    group.anchors.append(anchor)
    group.wordings.append(wording)
    group.count += 1


def _anchor(trail: Trail) -> Anchor:
    """Return the anchor nearest to the suspect, as the walk would find it."""
    for number in range(len(trail) - 2, 0, -1):
        node = trail[number]
        if type(node) is FunctionType and places.is_project(node.__code__):
            return Anchor(function.KIND, trail[number:], trail[:number], _LIVE)
        if anatomy.is_a(node, partial):
            return Anchor(holders.partial.KIND, trail[number:], trail[:number], _LIVE)
    return Anchor(request.KIND, trail, (), _LIVE)


def _find(request: Any, classes: tuple[type, ...]) -> Trail | None:
    """Search ``request`` breadth first for an instance of ``classes``."""
    queue: list[Trail] = []
    for bag in _BAGS:
        part = anatomy.attribute(request, bag)
        if part is not None:
            queue.append((request, part))
    seen = {id(request)}
    while queue and len(seen) < OBJECTS:
        trail = queue.pop(0)
        node = trail[-1]
        if id(node) in seen:
            continue
        seen.add(id(node))
        if any(type(node) is cls for cls in classes):
            return trail
        if len(trail) <= DEPTH:
            queue += [(*trail, part) for part in _parts(node)]
    return None


def _parts(node: Any) -> list[Any]:
    """Return what ``node`` holds; of a spider or request nothing."""
    if anatomy.size(node) > LARGEST or anatomy.is_a(node, *_NOT_ENTERED):
        return []
    for kind, read in _READERS:
        if anatomy.is_a(node, kind):
            return [part for part in read(node) if part is not None]
    return [value for _, value in anatomy.attributes(node)]


def _content(cell: CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:
        return []


_NOT_ENTERED = (type, Spider, Request, ModuleType, str, bytes, int, float)
_READERS: tuple[tuple[type, Callable[[Any], Iterable[Any]]], ...] = (
    (dict, lambda node: list(dict.values(node))),
    (list, list.copy),
    (tuple, tuple.__iter__),
    (set, set.__iter__),
    (frozenset, frozenset.__iter__),
    (FunctionType, lambda node: (node.__closure__, node.__defaults__)),
    (CellType, _content),
    (MethodType, lambda node: (node.__self__,)),
    (
        partial,
        lambda node: [anatomy.attribute(node, name) for name in ("args", "keywords")],
    ),
)
