"""Who keeps the resources that pile up, or the clients that took them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scrapy_leakwatch.explain.answers import findings
from scrapy_leakwatch.explain.answers.statement import state
from scrapy_leakwatch.explain.answers.suspects import Evidence
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.containers import clients, taken
from scrapy_leakwatch.explain.records import Explanation, Question, Unexplained
from scrapy_leakwatch.explain.things import tables
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.records import Counts

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.records import ResourceQuestion
    from scrapy_leakwatch.heap.clusters import Row
    from scrapy_leakwatch.heap.roots import Outside

LEAST = 12
"""Of a class; fewer are not what piles up."""
FEW_CLIENTS = 4
"""Resources of one client, such as the connections of a session."""


def investigate_resources(
    question: ResourceQuestion, crawler: Any, outside: Outside, timeout_s: float
) -> Explanation | Unexplained:
    """Return who keeps what piles up; stall and memory are left to the caller.

    Where clients pile up they are meant, and not their sockets.
    """
    known = clients.classes()
    bases = taken.classes_of(question.counted_as, taken.CLASSES)
    heap = Evidence((*known, *bases), crawler, outside).heap(timeout_s)
    rows, _, _ = heap.graph.clusters(Request, findings.MOST_EXAMPLES, None)
    by_class: dict[int, list[Row]] = {}
    for row in rows:
        example = heap.graph.object(row[3][0])
        by_class.setdefault(id(type(example)), []).append(row)
    counts = Counter({each: sum(row[0] for row in of) for each, of in by_class.items()})
    cls = _meant(counts, known, bases, question)
    if cls is None:
        return _nobody(question, "nothing of the kind that Python has is alive")
    tally = findings.take(heap, by_class[id(cls)])
    asked = _asked(question, cls, counts[id(cls)])
    if not tally.held:
        return _made(asked, cls, crawler) or _nobody(
            question, "nobody but the event loop or a library has them"
        )
    group = tally.held[0]
    pool = _pool_of(group)
    if pool is not None and counts[id(pool)] * FEW_CLIENTS < counts[id(cls)]:
        name = anatomy.name(pool)
        return _nobody(question, f"they are the connections of a {name}", gone=True)
    found = state(asked, group, crawler)
    return replace(
        found,
        fix=tables.remedy(group.lead.trail)
        or clients.remedy(cls, found.holder)
        or question.fix,
        counts=Counts(tally.examined, group.count, tally.in_flight, 0, tally.unknown),
    )


def _meant(
    counts: Counter[int],
    known: tuple[type, ...],
    bases: tuple[type, ...],
    question: ResourceQuestion,
) -> type | None:
    """Return the class that piles up: clients, or else the resources themselves."""
    for classes, least in ((known, question.count / FEW_CLIENTS), (bases, 0)):
        most = max(classes, key=lambda cls: counts[id(cls)], default=None)
        if most is not None and counts[id(most)] >= max(least, LEAST):
            return most
    return None


def _asked(question: ResourceQuestion, cls: type, count: int) -> Question:
    is_client = clients.client_of(cls) is not None
    subject = anatomy.name(cls) if is_client else question.subject
    return Question(subject, anatomy.path(cls), question.spider, count)


def _pool_of(group: Group) -> type | None:
    """Return the class of the client that has what is at the end of a way."""
    for node in group.lead.trail[:-1]:
        if clients.client_of(type(node)) is not None:
            return type(node)
    return None


def _made(asked: Question, cls: type, crawler: Any) -> Explanation | None:
    """Return where the project makes clients that no one of its own keeps."""
    name = anatomy.name(cls)
    line = source.of_making(name, source.classes_of(crawler))
    if line is None or clients.client_of(cls) is None:
        return None
    return Explanation(
        subject=asked.subject,
        class_path=asked.class_path,
        spider=asked.spider,
        holder=f"{name} without an owner",
        owner="the event loop",
        origin="project",
        path=(),
        expression="",
        location=line.location,
        code=line.code,
        fix=clients.remedy(cls),
        signature=signature(asked.spider, name, line.location),
        likely=line.likely,
        counts=Counts(asked.count),
    )


def _nobody(
    question: ResourceQuestion, reason: str, *, gone: bool = False
) -> Unexplained:
    return Unexplained(question.subject, "", question.spider, reason, gone=gone)
