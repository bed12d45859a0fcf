"""The arguments and results that `functools.lru_cache` keeps."""

from __future__ import annotations

from functools import _lru_cache_wrapper
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.explain.naming.words import Wording
    from scrapy_leakwatch.foundation.lines import SourceLine


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    return type(nodes[place]) is _lru_cache_wrapper


def _wording(anchor: Anchor, edges: list[Edge], near: int) -> Wording:
    phrase, nothing = "lru_cache{} of {}", ("", len(edges))
    return of_code.wording_of(anchor, edges, near, phrase=phrase, variable=nothing)


def _line(group: Group, _: Any) -> SourceLine | None:
    code = of_code.code_of(group.lead.trail[0])
    return None if code is None else source.of_code(code)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"give {bare(finding.function)} a maxsize, and let its arguments and its "
        f"result be texts (such as {part}), not the {thing}: the cache keeps both"
    )


KIND = HolderKind("cache", _is_one, is_held, _wording, _line, _fix)
