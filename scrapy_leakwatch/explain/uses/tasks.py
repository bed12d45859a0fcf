"""Tasks that are begun faster than they end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.uses.use import Use
from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import Anchor

_FIX = (
    "await {} where it is called, instead of making a task of it, so that Scrapy waits"
    " for it: the tasks are made faster than they end; or bound how many there are,"
    " with an asyncio.Semaphore that is acquired before a task is made"
)


def use(anchor: Anchor, _: Any) -> Use | None:
    """Return what helps where most entries are tasks that have not ended."""
    entries = contents.pick(anchor.trail[-1])
    found = [each for entry in entries for each in entry if _is_pending(each)]
    if not found or 2 * len(found) <= len(entries):
        return None
    coroutine = asyncio.Task.get_coro(found[0])
    name = redact.text(callables.function_name(coroutine), 60)
    return Use(_FIX.format(f"{name.rpartition('.')[2]}()" if name else "what they do"))


def _is_pending(obj: Any) -> bool:
    return anatomy.is_a(obj, asyncio.Task) and not asyncio.Task.done(obj)
