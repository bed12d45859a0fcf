"""What a call of the project's code puts into a global of a library."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import calls, source
from scrapy_leakwatch.explain.naming import callables, words
from scrapy_leakwatch.explain.uses.use import Use
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.code.source import Candidate
    from scrapy_leakwatch.explain.holders.anchor import Anchor

DEEPEST = 3
"""Functions that call one another, from what the project calls to what keeps it."""
_FIX = (
    "{path} keeps what {function}() is given, for as long as the process: give it one"
    " of few values (a status, a domain), or bound or clear {path}"
)


def use(anchor: Anchor, crawler: Any) -> Use | None:
    """Return the line that hands it to the library, which is sure where it is one."""
    start = anchor.root
    if start is None or start.kind != "global" or start.origin != "library":
        return None
    module, edges = start.expression, words.edges_of(anchor)
    kept = next((each.name for each in edges if each.kind == "attribute"), "")
    find = partial(calls.of_module, module=module)
    found = source.in_reach(source.classes_of(crawler), find)
    named = [one for one in found if _reaches(module, _name(one), kept)]
    line = source.choose(named)
    if line is None or line.likely:
        return None
    path = f"{module}{words.written(edges[:1])}"
    return Use(_FIX.format(path=path, function=_name(named[0])), line)


def _name(candidate: Candidate) -> str:
    call = candidate.found
    return call.name if isinstance(call, calls.Call) else ""


def _reaches(module: str, name: str, kept: str) -> bool:
    """Tell whether a function or class of a module uses one of its globals."""
    table = anatomy.own_dict(sys.modules.get(module)) or {}
    seen, names = set[str](), {name}
    for _ in range(DEEPEST):
        seen |= names
        names = {used for each in names for used in _used_by(table.get(each))} - seen
        if kept in names:
            return True
    return False


def _used_by(obj: Any) -> tuple[str, ...]:
    """Return the names that a function uses, or a class as it makes an instance."""
    if anatomy.is_a(obj, type):
        obj = anatomy.defined(obj, "__init__")
    code = callables.code_of(obj)
    return () if code is None else code.co_names
