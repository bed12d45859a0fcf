"""A fix that a row is told, and the twin of the row that does what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.records import ALARMS
from tests.zoo.truth import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.zoo.score import Result
    from tests.zoo.truth import Row

MENDED = "tests.zoo.mended"
UNFOUNDED = frozenset({"recovered", "inconclusive"})
"""Verdicts that ask for nothing to be done."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What a row is told to do, and the twin that has it done.

    ``applied`` says what the twin does. Each of ``words`` stands in a fix that is told
    of the row (``a|b``: either does), and each fix that is told has one of them. So
    this fails when something else is advised than the twin does.

    The twin is the row ``twin`` of the zoo, or the row itself where that is empty, but
    with the classes ``by`` of `MENDED` in place of those that have the same name, with
    ``settings``, and with other ``fields``, such as ``also`` for what is still true.
    """

    row: str
    applied: str
    words: tuple[str, ...]
    by: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    twin: str = ""


def fix(row: str, applied: str, *words: str, **more: Any) -> Fix:
    """Return the fix of a row; ``more`` are further fields of it."""
    return Fix(row, applied, words, **more)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row that is told a fix, and its twin that must be healthy."""

    row: Row
    fix: Fix
    twin: Row


def pair(each: Fix, rows: Mapping[str, Row]) -> Pair:
    """Return the fix with both its rows; ``rows`` are those of the zoo, by name."""
    row = rows[each.row]
    return Pair(row, each, rows[each.twin] if each.twin else _mended(row, each))


def faults(one: Pair, sick: Result, twin: Result) -> tuple[str, ...]:
    """Return what is wrong with the fix that was told: it is another, or no help."""
    return tuple(_faults(one.fix.words, sick.fixes, twin))


def _faults(words: Iterable[str], told: Iterable[str], twin: Result) -> Iterable[str]:
    told, words = list(told), list(words)
    if not any(told):
        yield "no fix is told"
    for either in words:
        if any(told) and not any(_says(each, either) for each in told):
            yield f"{either!r} is applied, and not told"
    for each in told:
        if each and not any(_says(each, either) for either in words):
            yield f"told, and not applied: {each}"
    for fault in twin.faults:
        yield f"when that is done: {fault}"


def _says(told: str, either: str) -> bool:
    return any(word in told for word in either.split("|"))


def _mended(row: Row, each: Fix) -> Row:
    """Return the row with what the fix changes, and nothing else."""
    instead = {path.rpartition(".")[2]: f"{MENDED}.{path}" for path in each.by}
    settings = {
        name: _with(value, instead) if isinstance(value, dict) else value
        for name, value in row.settings.items()
    }
    changed: dict[str, Any] = {
        "name": f"{row.name}_mended",
        "story": f"{row.story}; mended: {each.applied}",
        "spiders": tuple(_of(path, instead) for path in row.spiders),
        "settings": {**OFTEN, **settings, **each.settings},
        "also": row.also - ALARMS,
        **each.fields,
    }
    return replace(row, **{**_NO_TRUTH, **changed})


OFTEN: Mapping[str, Any] = {"LEAKWATCH_INTERVAL": 0.15}
"""Twice as often as in the zoo: a crawl without its leak is sooner done."""
_NO_TRUTH: Mapping[str, Any] = {
    "truth": HEALTHY,
    "subjects": (),
    "holders": (),
    "line": None,
    "named": (),
    "known": "",
    "curfew_s": 0.0,
}


def _with(classes: Mapping[Any, Any], instead: Mapping[str, str]) -> dict[Any, Any]:
    return {_of(path, instead): _of(value, instead) for path, value in classes.items()}


def _of(path: Any, instead: Mapping[str, str]) -> Any:
    """Return the class that stands for this one; what names no class is itself."""
    if not isinstance(path, str):
        return path
    return instead.get(path.rpartition(".")[2], path)
