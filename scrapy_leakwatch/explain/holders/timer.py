"""The arguments of a call that the reactor or event loop makes later."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.explain.holders import of_code
from scrapy_leakwatch.explain.holders.anchor import Anchor, Fate, HolderKind, is_held
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part
from scrapy_leakwatch.explain.naming import callables


def _is_one(nodes: tuple[Any, ...], place: int) -> bool:
    if not callables.is_timer(nodes[place]):
        return False
    return of_code.is_of_project(callables.called_by_timer(nodes[place]))


def _fate(anchor: Anchor, soon_s: float) -> Fate:
    if callables.due_in(anchor.trail[0]) <= soon_s:
        return "in flight"
    return is_held(anchor, soon_s)


def _runs(trail: tuple[Any, ...]) -> Any:
    return callables.called_by_timer(trail[0])


_CALL = of_code.Call(
    "argument '{}' of timer {}",
    frozenset({"callLater", "call_later", "call_at", "call_soon"}),
    _runs,
)


def _fix(finding: Finding) -> str:
    thing, part = thing_and_part(finding.held)
    return (
        f"give the timer of {bare(finding.function)} what it needs (such as {part}), "
        f"not the {thing}, and cancel() it when its page is done, or have one "
        "LoopingCall for all"
    )


KIND = HolderKind("timer", _is_one, _fate, _CALL.wording, _CALL.line, _fix)
