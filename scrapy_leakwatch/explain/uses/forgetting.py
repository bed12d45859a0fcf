"""Entries that are taken out only where all went well, or only at the end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from scrapy import Spider

from scrapy_leakwatch.explain.code import blame, expressions, removals
from scrapy_leakwatch.explain.code.once import AT_END, ONCE
from scrapy_leakwatch.explain.holders import root
from scrapy_leakwatch.explain.uses.use import Use, calls_of, name_of
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import Anchor

_OF_FAILURES = ("err", "fail", "exception", "dropped")
"""What is in the names of functions that are called where something went wrong."""
_READERS = ("get", "__getitem__", "__contains__", "lookup", "find", "has", "is_")
"""What the names of functions begin with that ask for an entry."""
_METHODS = (
    (dict, "pop()"),
    (set, "discard()"),
    (list, "remove()"),
    (deque, "popleft()"),
)
_OF_EACH = frozenset(["pop()", "discard()"])
"""Of containers from which one entry is taken out, whatever the others are."""


def use(anchor: Anchor, crawler: Any) -> Use | None:
    """Return where else entries are to be taken out of the container."""
    if not root.is_of_project(anchor):
        return None
    found = blame.all_there(anchor, crawler, removals.forgotten)
    taken = [one.found for one in found if isinstance(one.found, removals.Removal)]
    during = [one for one in taken if one.function not in ONCE]
    late = {one.function for one in taken} & AT_END
    way_out = _way_out(anchor)
    if not during and (not late or way_out not in _OF_EACH):  # a list is written then
        return None
    added = blame.all_there(anchor, crawler, expressions.grown)
    adders = {one.found.function for one in added}
    if not added or adders & {one.function for one in during}:
        return None
    each = f"{way_out} each entry of {name_of(anchor)}"
    if during:
        is_spider = anatomy.is_a(anchor.trail[0], Spider)
        where = _where_else(during, is_spider=is_spider)
    else:
        where = _TOO_LATE.format(calls_of(late))
    return Use(f"{each} {where}") if where else None


def _where_else(taken: list[removals.Removal], *, is_spider: bool) -> str:
    """Return where else entries are to be taken out, empty if that is not sure."""
    names = {one.function for one in taken}
    conditions = {one.condition for one in taken}
    if any(part in name for name in names for part in _OF_FAILURES):
        return ""
    functions = calls_of(names)
    if "" not in conditions:
        return _in_any_case(functions, conditions)
    if all(name.startswith(_READERS) for name in names):
        return _ON_WRITING.format(functions)
    if "process_response" in names:
        return _IN_MIDDLEWARE.format(functions)
    return (_IN_SPIDER if is_spider else _ELSEWHERE).format(functions)


def _in_any_case(functions: str, conditions: set[str]) -> str:
    (condition, *others) = sorted(conditions)
    when = "under conditions only" if others else f"only if `{condition}`"
    return f"in any case: {functions} does so {when}"


def _way_out(anchor: Anchor) -> str:
    """Return the method that takes an entry out of the container."""
    for node in reversed(anchor.trail[1:]):
        if not _is_namespace(anchor, node):
            for kind, method in _METHODS:
                if anatomy.is_a(node, kind):
                    return method
    return "take out"


def _is_namespace(anchor: Anchor, node: Any) -> bool:
    return any(anatomy.own_dict(each) is node for each in anchor.trail)


_TOO_LATE = "when its work is done: now they go in {} only, when the crawl ends"
_ON_WRITING = (
    "that is old where new ones are put, too: now they go in {} only, when somebody"
    " asks for them"
)
_IN_MIDDLEWARE = (
    "in process_exception(), too: now they go in {} only, which is not called for a"
    " request that fails"
)
_IN_SPIDER = (
    "in an errback, too: now they go in {} only, which is not called for a request"
    " that fails or is dropped"
)
_ELSEWHERE = "wherever its work may end, also after an error: now they go in {} only"
