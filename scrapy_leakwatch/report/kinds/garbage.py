"""What is said of the dead that wait for Python's collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Dead
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import stays

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict


def _dead(verdict: Verdict, facts: Dead) -> Words:
    counts = facts.counts
    return Words(
        f"{verdict.subject} is garbage, not a leak: about {facts.dead:,} dead in"
        f" reference cycles wait for Python's collector ({counts.garbage} of"
        f" {counts.examined} examined), {stays(verdict.growth)}",
        remedy=_what_frees(facts),
    )


def _what_frees(facts: Dead) -> str:
    if facts.collector == "off":
        return (
            "the collector is switched off: take gc.disable() out, or call"
            " gc.collect() every few thousand responses"
        )
    if facts.frozen:
        return "full collections leave them: gc.freeze() was called; call gc.unfreeze()"
    if facts.collector == "increments":
        return (
            "this Python collects old objects in increments, and late: take Python"
            " 3.14.5 or newer, or call gc.collect() every few thousand responses"
        )
    return (
        "full collections are rare here: lower the last threshold of"
        " gc.set_threshold(), or call gc.collect() every few thousand responses"
    )


KIND = KindWords(
    "garbage",
    "Garbage",
    "warn",
    {Dead: _dead},
    sentence="No leak, but dead {subject} objects wait for Python's collector.",
)
