"""Finds the line of the project that is to blame for a holder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import (
    expressions,
    handing,
    removals,
    sending,
    source,
)
from scrapy_leakwatch.explain.naming import callables, words
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.foundation.lines import at

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.code.source import Candidate, Find
    from scrapy_leakwatch.explain.holders import Anchor
    from scrapy_leakwatch.foundation.lines import SourceLine

_QUEUES = ("asyncio.queues.Queue", "queue.Queue")


def put_into(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that puts the suspect into what begins its path."""
    logged = _log_call(anchor)
    if logged is not None:
        return logged
    handler = _library_handler(anchor)
    if handler is not None:
        return source.of_making(anatomy.name(handler), source.classes_of(crawler))
    find = expressions.stored
    return _of_filled(anchor, _last_filled(anchor), source.classes_of(crawler), find)


def added_there(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that adds to the container at the end of ``anchor``."""
    code = callables.code_of(anchor.trail[-1])
    if code is not None:  # a cache: its function
        return source.of_code(code)
    find = partial(expressions.grown, key=_key_behind(anchor))
    return _of_container(anchor, crawler, find)


def used_there(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that hands something to what the last attribute is."""
    return _of_container(anchor, crawler, expressions.used)


def handed_there(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that hands what the last attribute is to what may add to it."""
    return _of_container(anchor, crawler, handing.handed, strict=True)


def taken_out_there(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return a line that takes entries out of the container, if there is any."""
    in_queue = any(anatomy.inherits(node, *_QUEUES) for node in anchor.trail)
    find = partial(removals.shrunk, in_queue=in_queue)
    return _of_container(anchor, crawler, find, strict=True)


def sent_at_end_there(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that sends all of the container when the crawl ends."""
    return _of_container(anchor, crawler, sending.sent_at_end, strict=True)


def all_there(anchor: Anchor, crawler: Any, find: Find) -> list[Candidate]:
    """Return all that ``find`` finds of what the last attribute of ``anchor`` is."""
    classes = source.classes_of(crawler)
    owner, name = _filled(anchor, classes)
    module = _module_of(anchor, owner)
    if not name or (owner is None and not module):
        return []
    if owner is None:
        return source.all_of_global(name, module, classes, find)
    return source.all_of_attribute(name, owner, classes, find)


def _of_container(
    anchor: Anchor, crawler: Any, find: Find, *, strict: bool = False
) -> SourceLine | None:
    classes = source.classes_of(crawler)
    filled = _filled(anchor, classes)
    return _of_filled(anchor, filled, classes, find, strict=strict)


def _filled(anchor: Anchor, classes: tuple[type, ...]) -> tuple[type | None, str]:
    owner, name = _last_filled(anchor)
    if owner is not None and owner is anchor.trail[0]:
        below = (each for each in classes if anatomy.derives(each, owner))
        return next(below, owner), name
    return owner, name


def _key_behind(anchor: Anchor) -> str:
    """Return the first key behind the last attribute, as in ``spider.seen['a']``."""
    key = ""
    for step in words.edges_of(anchor):
        if step.kind == "attribute":
            key = ""
        elif step.kind == "key" and not key:
            key = step.name.strip("'")
    return "" if key == "*" else key


def _of_filled(
    anchor: Anchor,
    filled: tuple[type | None, str],
    classes: tuple[type, ...],
    find: Find,
    *,
    strict: bool = False,
) -> SourceLine | None:
    owner, name = filled
    module = _module_of(anchor, owner)
    if not name or (owner is None and not module):
        return None
    if owner is None:
        return source.of_global(name, module, classes, find)
    return source.of_attribute(name, owner, classes, find, strict=strict)


def _module_of(anchor: Anchor, owner: type | None) -> str:
    """Return the module whose global is filled, empty where it is an attribute."""
    root = anchor.root
    is_global = root is not None and root.kind == "global" and owner is None
    return root.expression if root is not None and is_global else ""


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


def _library_handler(anchor: Anchor) -> type | None:
    """Return the class of the log handler that a path begins at, if not ours."""
    handler = type(anchor.trail[0])
    logs = anchor.root is not None and anchor.root.kind == "logging"
    return handler if logs and places.origin_of_class(handler) == "library" else None


def _log_call(anchor: Anchor) -> SourceLine | None:
    for node in anchor.trail:
        if anatomy.inherits(node, "logging.LogRecord"):
            path = anatomy.text_attribute(node, "pathname")
            number = anatomy.attribute(node, "lineno")
            if places.origin_of_file(path) == "project" and type(number) is int:
                return at(path, number)
    return None
