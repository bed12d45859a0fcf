"""What callbacks that do not end wait for; runs in the child."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch.explain.answers import findings
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.records import Explanation, PathStep, Unexplained
from scrapy_leakwatch.explain.waits import awaited, chain, sockets, wakers
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.internals import paths
from scrapy_leakwatch.internals.versions import CHAINS_PIPELINES
from scrapy_leakwatch.records import Counts, Price, Share

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.suspects import Evidence
    from scrapy_leakwatch.explain.records import StallQuestion
    from scrapy_leakwatch.explain.waits.awaited import Waiting
    from scrapy_leakwatch.explain.waits.chain import Chain
    from scrapy_leakwatch.records import Trait

MOST_WEIGHED = 5000
"""Responses whose bytes are added up."""
MOST_OTHERS = 8
LONGEST_PATH = 12


@dataclass(frozen=True, slots=True)
class Stuck:
    """What has not ended: ``requests`` of the scraper, the oldest first.

    ``responses`` are the tables in which the live ones are listed.
    """

    requests: tuple[Any, ...]
    responses: tuple[Any, ...] = field(default=(), repr=False)


def investigate_stalled(
    question: StallQuestion, stuck: Stuck, evidence: Evidence, timeout_s: float
) -> Explanation | Unexplained:
    """Return who waits for what, and whether anything is left that ends it."""
    gc.unfreeze()  # what is frozen tells nobody who refers to it
    responses = _responses_of(stuck)
    examples = responses[: len(stuck.requests)]
    if stuck.requests:
        outer = chain.suspended_with([*stuck.requests, *examples])
    else:
        outer = chain.suspended_with(_machinery(evidence.crawler))
    chains = _leading(list(map(chain.chain_of, outer)))
    if not stuck.requests:
        chains = list(filter(_names_somebody, chains))
        if not chains:
            return _unexplained(question, "nobody was found who waits")
    found = _waits(chains, stuck, evidence)
    (main, number), *rest = Counter(found).most_common()
    held = round(question.count * number / len(found))
    price = _price(responses, evidence, timeout_s)
    return Explanation(
        subject=question.subject,
        class_path=question.class_path,
        spider=question.spider,
        holder=main.function,
        owner=main.keeper or main.awaited,
        origin="project" if main.line else "library",
        path=_path(chains, main, found),
        expression=main.keeper,
        location=main.line.location if main.line else None,
        code=main.line.code if main.line else None,
        fix=awaited.remedy(main),
        signature=_signature(question, main),
        owner_kind="task",
        traits=("waiting", *_traits(question, chains, evidence)),
        counts=Counts(examined=question.count, held=held),
        others=tuple(
            _share(question, each, number / len(found))
            for each, number in rest[:MOST_OTHERS]
        ),
        price=price,
        contents=main.awaited,
        example_url=_url(stuck),
    )


def _machinery(crawler: Any) -> list[Any]:
    """Return the parts of Scrapy that wait for others as a spider opens or closes."""
    parts = (paths.ENGINE, paths.SCRAPER, paths.ITEM_PIPELINES, paths.SIGNALS)
    return [paths.follow(crawler, path) for path in parts]


def _leading(chains: list[Chain]) -> list[Chain]:
    """Return the chains that lead furthest: into the project, if some do.

    A chain that is the end of another says nothing more.
    """
    ends = {id(each) for one in chains for each in one.nodes[1:]}
    outer = [
        one for one in chains if id(one.nodes[0]) not in ends and one.leaf is not None
    ]
    return [one for one in outer if _names_somebody(one)] or outer


def _names_somebody(one: Chain) -> bool:
    return one.of_project is not None or awaited.is_called_there(one)


def _waits(chains: list[Chain], stuck: Stuck, evidence: Evidence) -> list[Waiting]:
    named = any(map(_names_somebody, chains))
    if not chains or (CHAINS_PIPELINES and not named):
        pipelines = awaited.pipelines_line(evidence.crawler)
        if pipelines is not None:
            return [pipelines]
    if chains:
        alike: dict[tuple[int, int | None], Waiting] = {}
        for one in chains:  # to find who keeps what is awaited takes a walk
            key = awaited.place_of(one)
            if key not in alike:
                alike[key] = awaited.waiting(one, evidence.crawler)
        return [alike[awaited.place_of(one)] for one in chains]
    spider = anatomy.attribute(evidence.crawler, "spider")
    names = [awaited.callback_line(each, spider) for each in stuck.requests]
    return [awaited.Waiting(name, awaited.GONE, line=line) for name, line in names]


def _traits(
    question: StallQuestion, chains: list[Chain], evidence: Evidence
) -> tuple[Trait, ...]:
    """Tell whether something will end the wait, or nothing is left that could."""
    timers = wakers.Timers(evidence.outside, question.since_s)
    if any(timers.wakes(one) or chain.is_fired(one.leaf) for one in chains):
        return ("timed",)
    others = [
        one
        for one in map(chain.chain_of, chain.in_tasks(evidence.outside))
        if one.of_project is not None
    ]
    everybody = [*chains, *others]
    alive = (
        timers.too_many
        or timers.wakes_project(everybody)
        or any(map(timers.wakes, others))
        or wakers.busy_threads(evidence.outside)
        or sockets.foreign(evidence.outside)
        or not all(map(wakers.is_inert, wakers.keepers(everybody)))
    )
    return () if alive else ("abandoned",)


def _responses_of(stuck: Stuck) -> list[Any]:
    wanted = set(map(id, stuck.requests))
    live = [each for table in stuck.responses for each in list(table)[:MOST_WEIGHED]]
    return [each for each in live if id(anatomy.attribute(each, "request")) in wanted]


def _price(responses: list[Any], evidence: Evidence, timeout_s: float) -> Price:
    """Return what the pages keep alive that are in callbacks which do not end."""
    if not responses:
        return Price()
    heap = evidence.heap(timeout_s, outside=False)
    indexes = [heap.graph.find(each) for each in responses]
    rows, _, _ = heap.graph.clusters(
        Request, findings.MOST_EXAMPLES, [index for index in indexes if index >= 0]
    )
    total = sum(row[2] for row in rows)
    return Price(total // max(sum(row[0] for row in rows), 1), total)


def _path(
    chains: list[Chain], main: Waiting, found: list[Waiting]
) -> tuple[PathStep, ...]:
    if not chains:
        return ()
    nodes = chains[found.index(main)].nodes[-LONGEST_PATH:]
    return tuple(PathStep(label(each), "") for each in nodes)


def _share(question: StallQuestion, other: Waiting, part: float) -> Share:
    return Share(
        holder=other.function,
        owner=other.keeper or other.awaited,
        origin="project" if other.line else "library",
        held=round(question.count * part),
        signature=_signature(question, other),
        location=other.line.location if other.line else None,
        fix=awaited.remedy(other),
    )


def _signature(question: StallQuestion, found: Waiting) -> str:
    return signature(question.spider, "stalled", found.function, found.awaited)


def _url(stuck: Stuck) -> str:
    urls = (anatomy.text_attribute(each, "_url") for each in stuck.requests)
    return redact.url(next(urls, ""))


def _unexplained(question: StallQuestion, reason: str) -> Unexplained:
    return Unexplained(question.subject, question.class_path, question.spider, reason)
