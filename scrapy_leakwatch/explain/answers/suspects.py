"""The whole way from the suspects to the explanation; runs in the child."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from scrapy import Request, Selector, Spider
from scrapy.crawler import Crawler
from scrapy.utils import trackref

from scrapy_leakwatch.explain.answers import findings
from scrapy_leakwatch.explain.answers.statement import is_foreign, state, state_share
from scrapy_leakwatch.explain.containers.contained import Contained, contained
from scrapy_leakwatch.explain.records import Unexplained
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.roots import Outside, roots
from scrapy_leakwatch.heap.walk import Heap
from scrapy_leakwatch.internals.crawlers import spiders_beside
from scrapy_leakwatch.internals.origins import is_of_response, spider_of
from scrapy_leakwatch.records import Counts, Price

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.explain.answers.findings import Group, Tally
    from scrapy_leakwatch.explain.records import Explanation, Question

PART_FOR_WALK = 0.7
"""Of the time limit; the rest is for the words."""
MOST_OTHERS = 8
MOST_WEIGHED = 16
"""Suspects whose parts are looked at."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The live objects that a question is about; never leaves the process.

    The suspects are all instances of ``classes``, of exactly these, or ``chosen``
    ones of them alone.
    """

    classes: tuple[type, ...]
    crawler: Any
    outside: Outside = field(default_factory=Outside)
    chosen: tuple[Any, ...] | None = None
    walked: list[Heap] = field(default_factory=list)
    """What was walked, there until the child's memory has been measured."""

    def heap(
        self, timeout_s: float, alive: int = sys.maxsize, *, outside: bool = True
    ) -> Heap:
        """Return the heap of this process, the suspects noted in it.

        ``alive`` of them are known to be; for ``outside`` see `Heap`.
        """
        until = time.monotonic() + PART_FOR_WALK * timeout_s
        bases = [base for cls in self.classes for base in anatomy.mro(cls)]
        of_crawls = any(base is Crawler or base is Spider for base in bases)
        starts = roots(self.crawler, self.outside, others=not of_crawls)
        heap = Heap(starts, until, self.classes, alive, outside=outside)
        self.walked.append(heap)
        return heap


def investigate(
    question: Question, evidence: Evidence, timeout_s: float
) -> Explanation | Unexplained:
    """Return who holds the suspects; stall and memory are left to the caller."""
    count = question.count if evidence.chosen is None else sys.maxsize
    heap = evidence.heap(timeout_s, count, outside=False)
    tally = _tally(heap, question, _chosen(heap, evidence))
    groups = tally.held or _too_many_waiting(tally)
    if tally.held or not groups:
        tally.in_flight += tally.waiting_count
    # Who has a few of them, such as a page at work, is not to blame for the most.
    if not groups or tally.unseen > sum(group.count for group in groups):
        return _nobody(question, tally)
    groups = _own(groups, tally, question, evidence.crawler)
    others = groups[1 : 1 + MOST_OTHERS]
    explained = replace(
        state(question, groups[0], evidence.crawler),
        counts=_counts(tally, groups[0].count),
        others=tuple(state_share(question, each, evidence.crawler) for each in others),
    )
    return _priced(explained, heap, groups)


def _chosen(heap: Heap, evidence: Evidence) -> list[int] | None:
    """Return the numbers of the suspects that are asked about, None for all."""
    chosen = _some(evidence) if evidence.chosen is None else evidence.chosen
    if chosen is None:
        return None
    return [index for each in chosen if (index := heap.graph.find(each)) >= 0]


def _some(evidence: Evidence) -> Iterable[Any] | None:
    """Return the suspects where not all instances are, None where they are.

    A selector that a response has of its own goes with the response, and what another
    crawl of the process has made is its own, dead or alive.
    """
    others = set(map(id, spiders_beside(evidence.crawler)))
    of_pages = any(anatomy.derives(cls, Selector) for cls in evidence.classes)
    tables = [trackref.live_refs.get(cls) for cls in evidence.classes]
    if not (others or of_pages) or None in tables:
        return None
    return (
        each
        for table in tables
        for each in table or ()
        if not (of_pages and is_of_response(each))
        and not (others and id(spider_of(each)) in others)
    )


def _tally(heap: Heap, question: Question, chosen: list[int] | None) -> Tally:
    """Return who holds what, without what the engine is known to work on."""
    found = heap.graph.clusters(Request, findings.MOST_EXAMPLES, chosen)
    clusters, garbage, unknown = found
    tally = findings.take(heap, clusters, question.soon_s)
    tally.garbage = garbage
    if heap.partial:
        tally.unknown += unknown
    else:
        tally.unseen = unknown
    tally.examined += garbage + unknown
    if question.unaccounted and chosen is None:
        owned = min(max(question.count - question.unaccounted, 0), tally.in_flight)
        tally.in_flight -= owned
        tally.examined -= owned
    return tally


def _own(
    groups: list[Group], tally: Tally, question: Question, crawler: Any
) -> list[Group]:
    """Return those of this crawl, if they are some of what was asked about.

    Where no object tells which crawl made it, all of the process were.
    """
    crawls = 1 + len(spiders_beside(crawler))
    if crawls == 1 or not question.unaccounted:
        return groups
    own = [each for each in groups if not is_foreign(each)]
    held = sum(each.count for each in own)
    if 2 * crawls * held < question.unaccounted:
        return groups
    tally.examined -= sum(each.count for each in groups) - held
    return own


def _too_many_waiting(tally: Tally) -> list[Group]:
    """Blame what waits in callbacks only when most of the suspects wait there."""
    return tally.waiting if tally.waiting_count * 2 >= tally.examined else []


def _nobody(question: Question, tally: Tally) -> Unexplained:
    if not tally.examined:
        reason = "none of them is alive any more"
    else:
        counts = {
            "in flight in the engine": tally.in_flight,
            "garbage that waits for the collector": tally.garbage,
            "held in a way the walk could not follow to its end": tally.unknown,
            "held where Python's collector can't see, as by a C extension": (
                tally.unseen
            ),
        }
        reason = max(counts, key=lambda words: counts[words])
    return Unexplained(
        question.subject,
        question.class_path,
        question.spider,
        reason,
        _counts(tally),
        gone=not tally.examined,
    )


def _counts(tally: Tally, held: int = 0) -> Counts:
    return Counts(
        examined=tally.examined,
        held=held,
        in_flight=tally.in_flight,
        garbage=tally.garbage,
        unknown=tally.unknown + tally.unseen,
    )


def _priced(explained: Explanation, heap: Heap, groups: list[Group]) -> Explanation:
    """Return it with what the suspects keep alive; what many share counts once."""
    examples = groups[0].examples
    weighed = [contained(heap, index) for index in examples[:MOST_WEIGHED]]
    each = round(statistics.median(part.bytes for part in weighed))
    beside = round(statistics.mean(part.beside for part in weighed))
    if groups[0].nested:
        each = groups[0].bytes // max(groups[0].count, 1)
    total = sum(group.bytes + beside * group.count for group in groups)
    return replace(
        explained,
        price=Price(
            retained_bytes_each=each + beside,
            retained_bytes_total=total,
            tree_bytes=min(round(statistics.mean(one.trees for one in weighed)), each),
        ),
        victims=_victims(weighed),
        example_url=_example_url(heap, examples),
    )


def _victims(weighed: list[Contained]) -> tuple[str, ...]:
    return tuple(sorted({name for one in weighed for name in one.tracked}))


def _example_url(heap: Heap, examples: list[int]) -> str:
    for index in examples:
        suspect = heap.graph.object(index)
        for names in (("_url",), ("response", "_url"), ("request", "_url")):
            found = anatomy.text_attribute(suspect, *names)
            if found:
                return redact.url(found)
    return ""
