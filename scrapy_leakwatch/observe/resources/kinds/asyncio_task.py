"""A task of asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import (
    hints_of,
    is_framework,
    locals_of,
    name_of,
)
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    for task, coroutine in event_loops.tasks():
        name = name_of(coroutine)
        if is_framework(coroutine.cr_code):
            yield Live(KIND, task, name, pool=coroutine.cr_code)
        else:
            uses = (coroutine, *locals_of(coroutine))
            yield Live(KIND, task, name, uses, hints_of(coroutine))


KIND = LiveKind(
    ResourceKind(
        "asyncio task",
        did="started",
        since="still runs",
        release="{}.cancel()",
        release_unkept="keep the task and cancel() it",
        pins=True,
    ),
    find=_find,
    counted_as="tasks",
    taken_by=frozenset(
        {"create_task", "ensure_future", "deferred_from_coro", "start_soon"}
    ),
)
