"""Entries that are taken out only where all went well, or only at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Spider

from scrapy_leakwatch.explain.code import blame, expressions, removals
from scrapy_leakwatch.explain.code.once import ONCE
from scrapy_leakwatch.explain.holders import root
from scrapy_leakwatch.explain.uses.use import Use
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import Anchor

_AT_END = frozenset(["close_spider", "spider_closed", "closed"])
_OF_FAILURES = ("err", "fail", "exception", "dropped")
"""What is in the names of functions that are called where something went wrong."""
_READERS = ("get", "__getitem__", "__contains__", "lookup", "find", "has", "is_")
"""What the names of functions begin with that ask for an entry."""


def use(anchor: Anchor, crawler: Any) -> Use | None:
    """Return where else entries are to be taken out of the container."""
    if not root.is_of_project(anchor):
        return None
    found = blame.all_there(anchor, crawler, removals.forgotten)
    taken = [one.found for one in found if isinstance(one.found, removals.Removal)]
    added = blame.all_there(anchor, crawler, expressions.grown)
    adders = {one.found.function for one in added}
    during = [one for one in taken if one.function not in ONCE]
    if not added or adders & {one.function for one in during}:
        return None
    if not during:
        late = [one for one in taken if one.function in _AT_END]
        return Use(_TOO_LATE.format(late[0].function)) if late else None
    return _of_functions(during, is_spider=anatomy.is_a(anchor.trail[0], Spider))


def _of_functions(taken: list[removals.Removal], *, is_spider: bool) -> Use | None:
    names = {one.function for one in taken}
    those = " and ".join(f"{name}()" for name in sorted(names))
    conditions = {one.condition for one in taken}
    if "" not in conditions and not _on_failure(names):
        (condition, *others) = sorted(conditions)
        where = _CONDITION if not others else _CONDITIONS
        return Use(where.format(functions=those, condition=condition))
    if all(name.startswith(_READERS) for name in names):
        return Use(_ONLY_ON_READ.format(those))
    if _on_failure(names):
        return None
    if "process_response" in names:
        return Use(_IN_MIDDLEWARE.format(those))
    return Use((_IN_SPIDER if is_spider else _ELSEWHERE).format(those))


def _on_failure(names: set[str]) -> bool:
    return any(part in name for name in names for part in _OF_FAILURES)


_TOO_LATE = (
    "take each entry out when its work is done: now they go in {}() only, when the"
    " crawl ends"
)
_CONDITION = "take the entry out in any case: {functions} does so only if `{condition}`"
_CONDITIONS = (
    "take the entry out in any case: {functions} does so under conditions only"
)
_ONLY_ON_READ = (
    "drop old entries where new ones are put, too, or keep only so many: now they go"
    " in {} only, when somebody asks for them"
)
_IN_MIDDLEWARE = (
    "take the entry out in process_exception(), too: now it goes in {} only, which is"
    " not called for a request that fails"
)
_IN_SPIDER = (
    "take the entry out in an errback, too: now it goes in {} only, which is not"
    " called for a request that fails or is dropped"
)
_ELSEWHERE = (
    "take the entry out wherever its work may end, also after an error: now it goes in"
    " {} only"
)
