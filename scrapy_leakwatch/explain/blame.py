"""Finds the line of the project that is to blame for a holder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, components, places
from scrapy_leakwatch.explain import callables, expressions, removals, source, words
from scrapy_leakwatch.lines import at

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.anchors import Anchor
    from scrapy_leakwatch.explain.findings import Group
    from scrapy_leakwatch.explain.source import Find
    from scrapy_leakwatch.lines import Line

_PARTIAL = frozenset({"partial"})
_TIMER = frozenset({"callLater", "call_later", "call_at", "call_soon"})
_QUEUES = ("asyncio.queues.Queue", "queue.Queue")
_DEFERRED = frozenset({"addCallback", "addErrback", "addBoth", "addCallbacks"})


def put_there(group: Group, crawler: Any) -> Line | None:
    """Return the line that puts suspects into the holder of ``group``."""
    anchor = group.lead
    if anchor.kind == "request":
        return _of_request(group, crawler)
    if anchor.kind == "root":
        return _of_root(anchor, classes_of(crawler))
    return _of_code(anchor, classes_of(crawler))


def added_there(anchor: Anchor, crawler: Any) -> Line | None:
    """Return the line that adds to the container at the end of ``anchor``."""
    code = callables.code_of(anchor.trail[-1])
    if code is not None:  # a cache: its function
        return source.of_code(code)
    find = partial(expressions.grown, key=_key_behind(anchor))
    return _of_container(anchor, crawler, find)


def used_there(anchor: Anchor, crawler: Any) -> Line | None:
    """Return the line that hands something to what the last attribute is."""
    return _of_container(anchor, crawler, expressions.used)


def taken_out_there(anchor: Anchor, crawler: Any) -> Line | None:
    """Return a line that takes entries out of the container, if there is any."""
    in_queue = any(anatomy.inherits(node, *_QUEUES) for node in anchor.trail)
    find = partial(removals.shrunk, in_queue=in_queue)
    return _of_container(anchor, crawler, find, strict=True)


def _of_container(
    anchor: Anchor, crawler: Any, find: Find, *, strict: bool = False
) -> Line | None:
    classes = classes_of(crawler)
    owner, name = _last_filled(anchor)
    if owner is not None and owner is anchor.trail[0]:
        owner = next(filter(partial(_inherits, base=owner), classes), owner)
    return _of_filled(anchor, (owner, name), classes, find, strict=strict)


def _inherits(cls: type, base: type) -> bool:
    return any(each is base for each in anatomy.mro(cls))


def _key_behind(anchor: Anchor) -> str:
    """Return the first key behind the last attribute, as in ``spider.seen['a']``."""
    key = ""
    for step in words.edges_of(anchor):
        if step.kind == "attribute":
            key = ""
        elif step.kind == "key" and not key:
            key = step.name.strip("'")
    return "" if key == "*" else key


def _of_code(anchor: Anchor, classes: tuple[type, ...]) -> Line | None:
    code = words.code_of_anchor(anchor)
    if code is None:
        return None
    if anchor.kind == "generator":
        return source.of_code(code, callables.waiting_line(anchor.trail[0]))
    callers = {"partial": _PARTIAL, "timer": _TIMER, "deferred": _DEFERRED}
    if anchor.kind in callers and code.co_name != "<lambda>":
        line = source.of_call(callers[anchor.kind], code.co_name, classes)
        if line is not None and not line.likely:
            return line
    return source.of_code(code)


def _of_request(group: Group, crawler: Any) -> Line | None:
    names = [edge for edge in group.place.names if edge.kind != "inside"]
    if not names:
        return None
    bag = names[0].name
    if bag in {"callback", "errback"}:
        code = callables.code_of(anatomy.attribute(group.lead.trail[0], bag))
        return source.of_code(code) if code is not None else None
    if len(names) == 1 or names[1].kind != "key" or names[1].name == "*":
        return None
    callbacks = frozenset(words.callback_of(one.trail[0]) for one in group.anchors)
    key = names[1].name.strip("'")
    return source.of_key(bag, key, classes_of(crawler), callbacks - {"parse"})


def _of_root(anchor: Anchor, classes: tuple[type, ...]) -> Line | None:
    logged = _log_call(anchor)
    if logged is not None:
        return logged
    return _of_filled(anchor, _last_filled(anchor), classes, expressions.stored)


def _of_filled(
    anchor: Anchor,
    filled: tuple[type | None, str],
    classes: tuple[type, ...],
    find: Find,
    *,
    strict: bool = False,
) -> Line | None:
    owner, name = filled
    if not name:
        return None
    if anchor.root is not None and anchor.root.kind == "global" and owner is None:
        return source.of_global(name, anchor.root.expression, classes, find)
    if owner is None:
        return None
    return source.of_attribute(name, owner, classes, find, strict=strict)


def _last_filled(anchor: Anchor) -> tuple[type | None, str]:
    """Return the last attribute above a container, with the class that has it.

    ``spider.store.pages[*].response`` is filled where ``pages`` is.
    """
    nodes = anchor.trail
    edges = words.edges_of(anchor)
    found: list[tuple[type | None, str, bool]] = []
    owner: Any = nodes[0]
    for number, step in enumerate(edges):
        if step.kind == "attribute":
            found.append((_class_of(owner, number, anchor), step.name, False))
        elif step.kind in {"key", "index"} and found:
            found[-1] = (*found[-1][:2], True)
        if not words.hands_on(nodes[number + 1]):
            owner = nodes[number + 1]
            if places.origin_of_class(type(owner)) == "library":
                break
    containers = [one for one in found if one[2]] or found
    return containers[-1][:2] if containers else (None, "")


def _class_of(owner: Any, number: int, anchor: Anchor) -> type | None:
    root = anchor.root
    if number <= 1 and root is not None and root.kind == "global":
        return None
    if anatomy.is_a(owner, type):
        return owner if places.origin_of_class(owner) == "project" else None
    return type(owner)


def _log_call(anchor: Anchor) -> Line | None:
    for node in anchor.trail:
        if anatomy.inherits(node, "logging.LogRecord"):
            path = anatomy.text_attribute(node, "pathname")
            number = anatomy.attribute(node, "lineno")
            if places.origin_of_file(path) == "project" and type(number) is int:
                return at(path, number)
    return None


def classes_of(crawler: Any) -> tuple[type, ...]:
    """Return the classes of the spider and the components, the spider's first."""
    spider = anatomy.attribute(crawler, "spider")
    found = [type(spider)] if spider is not None else []
    found += [type(component) for _, component in components.managed(crawler)]
    return tuple(found)
