"""Finds what the requests of a queue carry, where that is most of their weight.

A request by itself is small. What its ``meta`` or ``cb_kwargs`` has may grow from
request to request, and is then no matter of how many wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.explain.bills.steps import Step, following, is_request, shortened
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.heap.walk import Heap

SAMPLED = 100
"""Requests that are looked into, evenly over a queue."""
HALF = 0.5
"""Of the bytes of the requests, and of one: less is not told for itself."""
DEEPEST = 12
BAGS = ("meta", "cb_kwargs")


@dataclass(slots=True)
class Carried:
    """One part of the requests: its ``share`` of their bytes and how many there are.

    ``step`` is the way to the heaviest that was seen.
    """

    step: Step
    share: float
    count: int


def carried(heap: Heap, step: Step, ranges: list[tuple[int, int]]) -> Carried | None:
    """Return the part that has most of the bytes of the requests in ``ranges``."""
    entries = _spread(ranges)
    sums: dict[str, list[Any]] = {}
    total = 0
    for index in entries:
        if not is_request(heap.graph.object(index)):
            continue
        size = heap.graph.bytes(index)
        found = _heaviest(heap, following(heap, step, index), size)
        row = sums.setdefault(shortened(found.text), [found, 0, 0])
        part = heap.graph.bytes(found.index)
        if part > heap.graph.bytes(row[0].index):
            row[0] = found
        row[1] += part
        row[2] += _held(heap, found)
        total += size
    if not total:
        return None
    best, size, count = max(sums.values(), key=lambda row: row[1])
    if size < HALF * total or bag_of(best.way, best.names) is None:
        return None
    held = sum(end - begin for begin, end in ranges)
    return Carried(best, size / total, count * held // len(entries))


def bag_of(way: tuple[Any, ...], names: tuple[Any, ...]) -> tuple[str, str] | None:
    """Return in which bag of a request a way ends and at which key, if in one."""
    for number, node in enumerate(way):
        if is_request(node):
            edges = [each for each in names[number:] if each.kind != "inside"]
            if len(edges) > 1 and edges[0].name in BAGS and edges[1].kind == "key":
                return edges[0].name, edges[1].name.strip("'")
    return None


def _spread(ranges: list[tuple[int, int]]) -> list[int]:
    held = sum(end - begin for begin, end in ranges)
    step = max(held // SAMPLED, 1)
    return [index for begin, end in ranges for index in range(begin, end, step)]


def _held(heap: Heap, step: Step) -> int:
    """Return how many objects have the bytes: what the last one holds, or itself."""
    if anatomy.is_a(step.way[-1], object_ref):
        return 1
    return max(sum(end - begin for begin, end in heap.children(step.index)), 1)


def _heaviest(heap: Heap, request: Step, whole: int) -> Step:
    """Go down from a request to the last that has half of its bytes.

    Or to an object of Scrapy's own: what that has is told with it.
    """
    request.text = f"{(*request.texts, request.text)[0]}[*]"
    request.inside = True
    step = request
    for _ in range(DEEPEST):
        heavy = [
            child
            for span in heap.children(step.index)
            for child in heap.graph.heavy(*span, max(int(HALF * whole), 1))
        ]
        if len(heavy) != 1:
            break
        step = following(heap, step, heavy[0], keyed=True)
        if anatomy.is_a(step.way[-1], object_ref):
            break
    return step
