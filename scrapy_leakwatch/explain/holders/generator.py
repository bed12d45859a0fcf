"""A function that has not ended: a generator, a coroutine, and their variables."""

from __future__ import annotations

import os
from collections import Counter
from types import FunctionType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part
from scrapy_leakwatch.explain.naming import callables

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.explain.naming.words import Wording
    from scrapy_leakwatch.foundation.lines import SourceLine


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    node = nodes[place]
    return callables.code_of_generator(node) is not None and of_code.is_of_project(node)


def _fate(anchor: Anchor, _: float) -> Fate:
    if anchor.root is None:
        return "unknown"
    in_engine = anchor.root.passing and any(map(_is_of_engine, anchor.above))
    return "waiting" if in_engine else "held"


def _is_of_engine(node: Any) -> bool:
    """Tell whether ``node`` is a call under way inside Scrapy."""
    code = callables.code_of_generator(node)
    if code is None and type(node) is FunctionType:
        code = node.__code__
    return code is not None and _SCRAPY in code.co_filename


_SCRAPY = f"{os.sep}scrapy{os.sep}"


def _wording(anchor: Anchor, edges: list[Edge], near: int) -> Wording:
    variable = of_code.variable_of(anchor.trail, edges)
    phrase = "local variable '{}' of {}"
    return of_code.wording_of(anchor, edges, near, phrase=phrase, variable=variable)


def _line(group: Group, _: Any) -> SourceLine | None:
    """Return where most of them wait; some may not have begun."""
    code = callables.code_of_generator(group.lead.trail[0])
    if code is None:
        return None
    waiting = [anchor.trail[0] for anchor in group.anchors]
    found = Counter(
        line
        for each in waiting
        if callables.code_of_generator(each) is code
        and (line := callables.waiting_line(each)) is not None
    )
    line = found.most_common(1)[0][0] if found else None
    return source.of_code(code, line)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"let {bare(finding.function)} end, and cancel it when the spider closes; "
        f"before it waits, take what it needs (such as {part}) "
        f"and del {bare(finding.variable)}, which keeps the {thing}"
    )


KIND = HolderKind("generator", _is_one, _fate, _wording, _line, _fix, runs=True)
