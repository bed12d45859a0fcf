"""What a request carries: ``meta``, ``cb_kwargs``, its callback and errback."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.code.source import classes_of
from scrapy_leakwatch.explain.holders.anchor import Anchor, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, thing_and_part
from scrapy_leakwatch.explain.naming import callables, words
from scrapy_leakwatch.explain.naming.labels import label, method_name
from scrapy_leakwatch.explain.naming.words import Wording, simple_wording, written
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.naming.edges import Edge
    from scrapy_leakwatch.foundation.lines import SourceLine

_CALLS = frozenset({"callback", "errback"})


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    return anatomy.is_a(nodes[place], Request)


def _wording(anchor: Anchor, edges: list[Edge], near: int) -> Wording:
    nodes = anchor.trail
    plain = simple_wording("Request", edges, near, kept_keys=1)
    for number, node in enumerate(nodes[1:], 1):
        if type(node) is MethodType:
            target = label(node.__self__) + written(edges[number + 1 : near])
            through = f"Request{written(edges[:number])} {method_name(node)}"
            general = label(node.__self__) + written(edges[number + 1 : near], 0)
            return Wording(
                f"{target}, the object of {through}",
                plain.expression,
                f"{general}, the object of {through}",
                plain.general_expression,
                plain.names,
                target,
                method_name(node),
            )
    return plain


def _line(group: Group, crawler: Any) -> SourceLine | None:
    names = [edge for edge in group.wording.names if edge.kind != "inside"]
    if not names:
        return None
    bag = names[0].name
    if bag in _CALLS:
        code = callables.code_of(anatomy.attribute(group.lead.trail[0], bag))
        return source.of_code(code) if code is not None else None
    if len(names) == 1 or names[1].kind != "key" or names[1].name == "*":
        return None
    callbacks = frozenset(words.callback_of(one.trail[0]) for one in group.anchors)
    key = names[1].name.strip("'")
    return source.of_key(bag, key, classes_of(crawler), callbacks - {"parse"})


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    callback = finding.callback or "the callback"
    bag, key = (*finding.names[:2], "", "")[:2]
    if bag in _CALLS:
        return (
            f"use a method of the spider as {bag} and pass what it needs "
            f"(such as {part}) in cb_kwargs; {finding.variable or finding.holder} "
            f"keeps the {thing} until the request is done"
        )
    where = f"{bag}['{key}']" if key else bag
    if bag == "meta" and thing == "response" and not finding.chain:
        return (
            f"pass what {callback} needs (such as {part}) in cb_kwargs, not the {thing}"
        )
    sentence = (
        f'pass what {callback} needs (such as cb_kwargs={{"{_short(key, thing)}": '
        f"{part}}}), not the {thing} in {where}"
    )
    if finding.chain:
        sentence += f"; each {thing} keeps the one before it alive"
    return sentence


def _short(key: str, thing: str) -> str:
    """Return a name for the part that is passed instead of the whole."""
    if not key.isidentifier():
        return "url"
    if thing in {"selector", "item loader"}:
        return key if thing == "selector" else "item"
    return f"{key}_url"


KIND = HolderKind("request", _is_one, is_held, _wording, _line, _fix)
