"""What the requests that wait in memory cost, and what would help; in the child."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch.explain.answers.fewer import Waiting, fewer
from scrapy_leakwatch.explain.code import serialising
from scrapy_leakwatch.explain.containers.contained import contained
from scrapy_leakwatch.explain.records import Explanation, PathStep, Unexplained
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.internals import paths, queues
from scrapy_leakwatch.records import Counts, Price

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.suspects import Evidence
    from scrapy_leakwatch.explain.code.serialising import Obstacle
    from scrapy_leakwatch.explain.containers.contained import Contained
    from scrapy_leakwatch.explain.records import WaitingQuestion
    from scrapy_leakwatch.heap.clusters import Row
    from scrapy_leakwatch.heap.walk import Heap

EXAMPLES = 24
"""Requests that are looked at."""
SLOT = 8
"""Bytes of a queue for each that waits in it."""
OWNER = "scheduler memory queue"
QUEUE = "crawler.engine.scheduler.mqs"
HOLDER = "scheduler memory queue[*]"


def investigate_queue(
    question: WaitingQuestion, evidence: Evidence, timeout_s: float
) -> Explanation | Unexplained:
    """Return the price of the waiting requests and the remedy that fits."""
    heap = evidence.heap(timeout_s, question.count)
    every, _, _ = heap.graph.clusters(Request, EXAMPLES, None)
    clusters = [row for row in every if _waits(heap, row[3][0])]
    if not clusters:
        return Unexplained(
            "Request",
            question.class_path,
            question.spider,
            "none waits any more",
            gone=True,
        )
    count = sum(row[0] for row in clusters)
    examples = _examples(clusters, count)
    requests = [heap.graph.object(index) for index in examples]
    spider = anatomy.attribute(evidence.crawler, "spider")
    on_disk = paths.follow(evidence.crawler, paths.DISK_QUEUE) is not None
    obstacle = _commonest(requests, spider) if on_disk else None
    remedy = _written(obstacle) if on_disk else _jobdir(question, evidence.crawler)
    waiting = Waiting(requests, evidence.crawler, spider)
    callbacks = waiting.callbacks
    weighed = [contained(heap, index) for index in examples]
    entry = _remembered(heap, evidence.crawler, requests)
    return replace(
        _state(question, obstacle),
        fix=_advice(waiting, remedy, blocked=obstacle is not None),
        signature=signature(question.spider, "backlog", callbacks[0][0]),
        counts=Counts(len(requests), len(requests)),
        price=_price(clusters, weighed, entry),
        contents=_contents(callbacks, len(requests)),
        victims=tuple(sorted({name for one in weighed for name in one.tracked})),
        example_url=redact.url(anatomy.text_attribute(requests[0], "_url")),
    )


def _waits(heap: Heap, index: int) -> bool:
    owner = heap.owner_at(index)
    return owner is not None and owner.root.kind == "scheduler"


def _price(clusters: list[Row], weighed: list[Contained], remembered: int) -> Price:
    """Return what the requests bring; ``remembered`` is what the filter has for each.

    The first has hung on it what all share, as far as it weighs more than a usual one.
    """
    count = sum(row[0] for row in clusters)
    held = sum(row[2] for row in clusters) + count * SLOT
    shared = weighed[0].bytes - statistics.median_low(one.bytes for one in weighed)
    beside = round(statistics.mean(one.beside for one in weighed)) + remembered
    each = (held - max(shared, 0)) // count + beside
    return Price(each, held + count * beside)


def _remembered(heap: Heap, crawler: Any, requests: list[Any]) -> int:
    """Return what the duplicate filter has for a request, of those that it has seen."""
    table = paths.follow(crawler, paths.FINGERPRINTS)
    index = heap.graph.find(table)
    if index < 0:
        return 0
    entry = heap.graph.bytes(index) // max(anatomy.size(table), 1)
    seen = [not anatomy.attribute(each, "dont_filter") for each in requests]
    return round(entry * statistics.mean(seen))


def _examples(clusters: list[Row], count: int) -> list[int]:
    """Return some of the requests, of each cluster as many as its part of all."""
    found: list[int] = []
    for number, _, _, examples in clusters:
        wanted = max(EXAMPLES * number // count, 1)
        found += examples[:: max(len(examples) // wanted, 1)]
    return sorted(found)


def _state(question: WaitingQuestion, obstacle: Obstacle | None) -> Explanation:
    """Return what is known without a look at the requests."""
    line = obstacle.line if obstacle else None
    return Explanation(
        subject="Request",
        class_path=question.class_path,
        spider=question.spider,
        holder=HOLDER,
        owner=OWNER,
        origin="project",
        path=(PathStep(QUEUE, "[*]"), PathStep("Request", "")),
        expression=QUEUE,
        location=line.location if line else None,
        code=line.code if line else None,
        fix="",
        signature="",
        owner_kind="scheduler",
    )


def _commonest(requests: list[Any], spider: Any) -> Obstacle | None:
    found = [serialising.obstacle(each, spider) for each in requests]
    obstacles = Counter(each for each in found if each is not None)
    return obstacles.most_common(1)[0][0] if obstacles else None


def _contents(callbacks: list[tuple[str, int]], examined: int) -> str:
    parts = [f"{count} of {examined} for {name}" for name, count in callbacks[:3]]
    return redact.text(", ".join(parts))


def _advice(waiting: Waiting, first: str, *, blocked: bool) -> str:
    if blocked:
        return f"{first}, in the requests for {redact.text(waiting.callbacks[0][0])}"
    more = fewer(waiting)
    return f"{first}; or {more}" if more else first


def _jobdir(question: WaitingQuestion, crawler: Any) -> str:
    """Return how to have requests wait on disk, in the order that they have now."""
    spider = redact.text(question.spider)
    advice = f'JOBDIR = "crawls/{spider}" keeps waiting requests on disk'
    in_files, *in_sqlite = queues.disk_queues(paths.follow(crawler, paths.SCHEDULER))
    ways = [f'"{in_files}" keeps their order'] if "Fifo" in in_files else []
    ways += [
        f'"{name}", which a crash can\'t corrupt, is slower the more wait'
        for name in in_sqlite
    ]
    return f"{advice} (SCHEDULER_DISK_QUEUE = {'; '.join(ways)})" if ways else advice


def _written(obstacle: Obstacle | None) -> str:
    """Return what helps where there is a JOBDIR, and requests wait in memory."""
    if obstacle is None:
        return (
            "JOBDIR is set and these can't be written to it: SCHEDULER_DEBUG = True"
            " logs the first reason"
        )
    remedy = "pass plain values"
    if "callback" in obstacle.what or "errback" in obstacle.what:
        remedy = "use a method of the spider"
    return f"JOBDIR is set and can't hold them: {redact.text(obstacle.what)}; {remedy}"
