"""The whole way from the suspects to the explanation; runs in the child."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, components, redact
from scrapy_leakwatch.explain import cost, findings, sample
from scrapy_leakwatch.explain.anchors import Anchors
from scrapy_leakwatch.explain.holders import Walk
from scrapy_leakwatch.explain.records import Unexplained
from scrapy_leakwatch.explain.referrers import Heap
from scrapy_leakwatch.explain.roots import Roots
from scrapy_leakwatch.explain.statement import state, state_share

if TYPE_CHECKING:
    from types import FrameType

    from scrapy_leakwatch.explain.findings import Census, Group
    from scrapy_leakwatch.explain.records import Explanation, Question

PART_FOR_WALK = 0.6
"""Of the time limit; the rest is for the words and the price."""

MOST_OTHERS = 8
MOST_TIMES_MORE = 8
"""As many as the usual sample, where few of those alive are suspected."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The live objects that a question is about; never leaves the process.

    ``tables`` are the weak collections that count the suspects, ``frames`` the
    ones running at the fork.
    """

    tables: tuple[Any, ...]
    crawler: Any
    frames: tuple[FrameType, ...] = ()


def investigate(
    question: Question, evidence: Evidence, timeout_s: float
) -> Explanation | Unexplained:
    """Return who holds the suspects; stall and memory are left to the caller."""
    start = time.monotonic()
    suspects = _suspects(question, evidence)
    roots = Roots(evidence.crawler, evidence.frames, suspects)
    heap = Heap()
    graph = Walk(heap, roots, start + timeout_s * PART_FOR_WALK).run(suspects)
    census = findings.take(Anchors(graph), suspects)
    groups = census.held or _too_many_waiting(census, len(suspects))
    if census.held or not groups:
        census.in_flight += census.waiting_count
    if not groups:
        return _nobody(question, census, suspects)
    crawler = evidence.crawler
    others = groups[1 : 1 + MOST_OTHERS]
    explained = replace(
        state(question, groups[0], crawler),
        others=tuple(state_share(question, group, crawler) for group in others),
    )
    price = cost.price(suspects[-16:], set(graph.roots))
    counted = _counted(explained, census, groups, suspects)
    return _priced(counted, question, price)


def _suspects(question: Question, evidence: Evidence) -> list[Any]:
    """Return the sample, without what the engine is known to work on.

    Where only some are not accounted for, as many more are picked.
    """
    if not question.unaccounted:
        return sample.pick(evidence.tables)
    more = min(max(question.count // question.unaccounted, 1), MOST_TIMES_MORE)
    picked = sample.pick(evidence.tables, sample.SAMPLE * more)
    scraping = components.part(evidence.crawler, "engine", "scraper", "slot", "active")
    active = set(map(id, scraping)) if type(scraping) is set else set()
    free = [
        each for each in picked if id(anatomy.attribute(each, "request")) not in active
    ]
    step = max(len(free) // sample.SAMPLE, 1)
    return free[::-1][::step][::-1]


def _too_many_waiting(census: Census, examined: int) -> list[Group]:
    """Blame what waits in callbacks only when most of the sample waits there.

    The sample is even over all ages: what is just in flight is only the
    youngest part of it.
    """
    return census.waiting if census.waiting_count * 2 >= examined else []


def _nobody(question: Question, census: Census, suspects: list[Any]) -> Unexplained:
    if not suspects:
        reason = "none of them is alive any more"
    else:
        counts = {
            "in flight in the engine": census.in_flight,
            "garbage that waits for the collector": census.garbage,
            "held in a way the walk could not follow to its end": census.unknown,
        }
        reason = max(counts, key=lambda words: counts[words])
    return Unexplained(
        question.subject,
        question.class_path,
        question.spider,
        reason,
        examined=len(suspects),
        in_flight=census.in_flight,
        garbage=census.garbage,
        unknown=census.unknown,
    )


def _counted(
    explained: Explanation, census: Census, groups: list[Group], suspects: list[Any]
) -> Explanation:
    return replace(
        explained,
        examined=len(suspects),
        share=len(groups[0].suspects) / len(suspects),
        in_flight=census.in_flight,
        garbage=census.garbage,
        unknown=census.unknown,
        example_url=_example_url(suspects),
    )


def _priced(
    explained: Explanation, question: Question, price: cost.Price
) -> Explanation:
    held = question.unaccounted or question.count
    return replace(
        explained,
        retained_bytes_each=price.bytes_each,
        retained_bytes_total=price.bytes_each * held,
        tree_bytes=price.tree_bytes,
        victims=price.victims,
    )


def _example_url(suspects: list[Any]) -> str:
    for suspect in suspects:
        for names in (("_url",), ("response", "_url"), ("request", "_url")):
            found = anatomy.text_attribute(suspect, *names)
            if found:
                return redact.url(found)
    return ""
