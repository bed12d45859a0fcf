"""The arguments of a `functools.partial`."""

from __future__ import annotations

import functools
from typing import Any

from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part
from scrapy_leakwatch.foundation import anatomy


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    node = nodes[place]
    return anatomy.is_a(node, functools.partial) and of_code.is_of_project(node)


_CALL = of_code.Call(
    "argument '{}' of partial {}",
    frozenset({"partial"}),
)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"pass {bare(finding.function)} itself as callback and what it needs "
        f"(such as {part}) in cb_kwargs, not the {thing} in a partial"
    )


KIND = HolderKind("partial", _is_one, is_held, _CALL.wording, _CALL.line, _fix)
