"""Work that was begun: tasks, futures, threads, processes, suspended functions."""

from __future__ import annotations

import asyncio
import sys
from types import (
    AsyncGeneratorType,
    CoroutineType,
    GeneratorType,
)
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.containers import pools
from scrapy_leakwatch.explain.things.kind import ThingKind, of, says
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.things.kind import Kept

_ENDED = frozenset({"FINISHED", "CANCELLED", "CANCELLED_AND_NOTIFIED"})
_SUSPENDED = (GeneratorType, CoroutineType, AsyncGeneratorType)
_TOGETHER = (
    "`async with asyncio.TaskGroup()`"
    if sys.version_info >= (3, 11)
    else "`await asyncio.gather()`"
)


def _of_task(kept: Kept) -> str:
    if not _most_have_ended(kept):
        return (
            f"most {kept.name}s of {kept.where} have not ended: wait for those of a "
            f"page in its callback, by await or {_TOGETHER}, so that Scrapy goes no "
            "faster than they do"
        )
    return f"{_taken_out(kept, 'task')}; or wait for those of a page by {_TOGETHER}"


def _of_future(kept: Kept) -> str:
    return _taken_out(kept, "future") if _most_have_ended(kept) else pools.REMEDY


def _taken_out(kept: Kept, name: str) -> str:
    """Return how each is taken out when it ends."""
    removed, first = f"{kept.where}.discard", ""
    if kept.form == "list":
        first = f"make {kept.where} a set: "
    elif kept.form != "set":
        removed = f"lambda _: {kept.where}.pop(key, None)"
    return (
        f"{first}`{name}.add_done_callback({removed})` takes each {kept.name} out when "
        "it has ended"
    )


def _of_deferred(kept: Kept) -> str:
    if all(anatomy.attribute(one, "called") is not True for one in kept.things):
        return (
            f"none of those {kept.name}s of {kept.where} has fired: return or await "
            "each where it is made, so that Scrapy waits for it, and see that it fires"
        )
    return (
        f"take each {kept.name} out of {kept.where} when it has fired, in a callback "
        "that its addBoth() adds; or return it, so that Scrapy waits for it"
    )


def _most_have_ended(kept: Kept) -> bool:
    return 2 * sum(map(_has_ended, kept.things)) > len(kept.things)


def _has_ended(future: Any) -> bool:
    if anatomy.is_a(future, asyncio.Future):
        return asyncio.Future.done(future)
    # Its done() takes a lock, which somebody may have had at the fork.
    state = anatomy.attribute(future, "_state")
    return type(state) is str and state in _ENDED


KINDS = (
    ThingKind(
        of("_asyncio.Future", "_asyncio.Task"),
        _of_task,
        holds=True,
    ),
    ThingKind(of("concurrent.futures._base.Future"), _of_future, holds=True),
    ThingKind(of("twisted.internet.defer.Deferred"), _of_deferred, holds=True),
    ThingKind(
        of("threading.Thread"),
        says(
            "give the work to one ThreadPoolExecutor(max_workers=8), which is made when"
            " the spider opens, or return deferToThread(): now {where} keeps a {thing}"
            " for each"
        ),
        holds=True,
    ),
    ThingKind(
        of(
            "subprocess.Popen",
            "asyncio.subprocess.Process",
        ),
        says(
            "wait() for each {thing}, or communicate() with it, and take it out of"
            " {where} when it has ended"
        ),
    ),
    ThingKind(
        of("multiprocessing.process.BaseProcess"),
        says(
            "give the work to one ProcessPoolExecutor(max_workers=4); or join() and"
            " close() each {thing}, and take it out of {where}"
        ),
    ),
    ThingKind(
        of(
            "twisted.internet.base.DelayedCall",
            "asyncio.events.Handle",
        ),
        says(
            "take each {thing} out of {where} when it was called, or keep it only where"
            " something cancels it"
        ),
        holds=True,
    ),
    ThingKind(
        lambda obj: anatomy.is_a(obj, *_SUSPENDED),
        says(
            "let each {thing} run to its end, or close() it, and take it out of"
            " {where}: until then it keeps the variables of its function"
        ),
    ),
)
