"""The arguments of a Deferred's callback."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part
from scrapy_leakwatch.explain.naming import callables


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


_CALL = of_code.Call(
    "argument '{}' of Deferred callback {}",
    frozenset({"addCallback", "addErrback", "addBoth", "addCallbacks"}),
    _runs,
)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"fire or cancel the Deferred that waits for {bare(finding.function)}, and "
        f"give the callback what it needs (such as {part}), not the {thing}"
    )


KIND = HolderKind("deferred", _is_one, _fate, _CALL.wording, _CALL.line, _fix)
