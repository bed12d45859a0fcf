"""The arguments of a Deferred's callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain import callables
from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.edges import Edge
    from scrapy_leakwatch.explain.findings import Group
    from scrapy_leakwatch.explain.words import Place
    from scrapy_leakwatch.lines import Line

_CALLERS = frozenset({"addCallback", "addErrback", "addBoth", "addCallbacks"})


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    if not callables.is_deferred(nodes[place]):
        return False
    return of_code.is_of_project(_runs(nodes[place:]))


def _fate(anchor: Anchor, soon_s: float) -> Fate:
    if anchor.root is not None and anchor.root.passing:
        return "waiting"
    return is_held(anchor, soon_s)


def _runs(trail: tuple[Any, ...]) -> Any:
    return callables.called_with(trail[1:])


def _place(anchor: Anchor, edges: list[Edge], near: int) -> Place:
    variable = of_code.variable_of(anchor.trail, edges)
    phrase = "argument '{}' of Deferred callback {}"
    return of_code.place_of(
        anchor, edges, near, phrase=phrase, variable=variable, runs=_runs
    )


def _line(group: Group, crawler: Any) -> Line | None:
    return of_code.line_of_call(group, crawler, _CALLERS, _runs)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"fire or cancel the Deferred that waits for {bare(finding.function)}, and "
        f"give the callback what it needs (such as {part}), not the {thing}"
    )


KIND = HolderKind("deferred", _is_one, _fate, _place, _line, _fix)
