"""A queue between the crawl and somebody who takes from it more slowly, or no more."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import blame, calls, expressions, removals, source
from scrapy_leakwatch.explain.holders import root
from scrapy_leakwatch.explain.uses import consumers
from scrapy_leakwatch.explain.uses.use import Use, calls_of, name_of
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.internals import paths

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.code.source import Find
    from scrapy_leakwatch.explain.holders.anchor import Anchor
    from scrapy_leakwatch.foundation.lines import SourceLine

_OF_ASYNCIO = "asyncio.queues.Queue"
_UNBOUNDED = ("queue.SimpleQueue", "_queue.SimpleQueue")
_OF_PROCESSES = ("multiprocessing.queues.Queue",)
_OF_TWISTED = "twisted.internet.defer.DeferredQueue"
QUEUES = (_OF_ASYNCIO, "queue.Queue", *_UNBOUNDED, *_OF_PROCESSES, _OF_TWISTED)
_LOCKS = (
    "twisted.internet.defer.DeferredSemaphore",
    "twisted.internet.defer.DeferredLock",
)
_HANDLER = "logging.Handler"


def use(anchor: Anchor, crawler: Any) -> Use | None:
    """Return what helps where entries wait in a queue, and the line that puts them."""
    lock = _first(anchor.trail, *_LOCKS)
    if lock is not None:
        return _of_lock(_up_to(anchor, lock), crawler)
    queue = _first(anchor.trail, *QUEUES)
    if queue is not None:
        return _of_queue(_up_to(anchor, queue), queue, crawler)
    return _of_sequence(anchor, crawler) if root.is_of_project(anchor) else None


def _first(way: tuple[Any, ...], *paths: str) -> Any:
    return next((node for node in way if anatomy.inherits(node, *paths)), None)


def _up_to(anchor: Anchor, last: Any) -> Anchor:
    """Return the part of the way that ends at one of its objects."""
    number = next(n for n, node in enumerate(anchor.trail) if node is last)
    return replace(anchor, trail=anchor.trail[: number + 1])


def _of_lock(anchor: Anchor, crawler: Any) -> Use:
    callers = frozenset(["run", "acquire"])
    found = blame.all_there(anchor, crawler, calls.of_methods(callers))
    return Use(_RETURN.format(name=name_of(anchor)), source.choose(found))


def _of_queue(anchor: Anchor, queue: Any, crawler: Any) -> Use | None:
    line = blame.added_there(anchor, crawler) or _of_handler(anchor, crawler)
    if line is None and not root.is_of_project(anchor):  # of a library's own
        return None
    name = name_of(anchor)
    find = partial(removals.shrunk, in_queue=True)
    gone = _gone(anchor, crawler, find)
    if gone:
        return Use(_GONE.format(name=name, gone=gone), line)
    if _first(anchor.trail, _HANDLER) is not None:
        return Use(_OF_LOG.format(name=name), line)
    return Use(_fix(queue).format(name=name), line)


def _of_handler(anchor: Anchor, crawler: Any) -> SourceLine | None:
    """Return the line that gives a logger the handler that has the queue."""
    if _first(anchor.trail, _HANDLER) is None:
        return None
    callers = frozenset(["addHandler"])
    classes = source.classes_of(crawler)
    found = source.in_reach(classes, lambda tree: calls.starting(tree, callers))
    return source.choose(found)


def _of_sequence(anchor: Anchor, crawler: Any) -> Use | None:
    """Return what helps where a deque or a list is used as a queue."""
    if not any(anatomy.is_a(node, deque, list) for node in anchor.trail[-2:]):
        return None
    taken = blame.all_there(anchor, crawler, removals.taken_in_turn)
    if not taken:
        return None
    added = blame.all_there(anchor, crawler, expressions.grown)
    takers = {one.found.function for one in taken}
    if not added or takers & {one.found.function for one in added}:
        return None
    gone = _gone(anchor, crawler, removals.taken_in_turn)
    if gone:
        return Use(_GONE.format(name=name_of(anchor), gone=gone))
    return Use(_OF_SEQUENCE.format(name=name_of(anchor), functions=calls_of(takers)))


def _gone(anchor: Anchor, crawler: Any, find: Find) -> str:
    """Return why nothing takes from a queue, empty where something does, or may."""
    takers = {one.found.function for one in blame.all_there(anchor, crawler, find)}
    if not takers:
        added = blame.all_there(anchor, crawler, expressions.grown)
        others = blame.all_there(anchor, crawler, expressions.read_otherwise)
        return "no line of the project does" if added and not others else ""
    in_threads = source.in_reach(
        source.classes_of(crawler),
        lambda tree: calls.starting(tree, frozenset(["Thread"])),
    )
    return consumers.ended(
        _owner(anchor),
        frozenset(takers),
        in_thread=any(takers & one.found.names for one in in_threads),
        closing=_is_closing(crawler),
    )


def _is_closing(crawler: Any) -> bool:
    """Tell whether the crawl ends: its consumers were told to end, too."""
    if paths.follow(crawler, paths.ENGINE) is None:
        return False
    slot = paths.follow(crawler, paths.ENGINE_SLOT)
    return slot is None or anatomy.attribute(slot, "closing") is not None


def _owner(anchor: Anchor) -> Any:
    """Return the last object of the project on the way."""
    ours = (
        node
        for node in reversed(anchor.trail)
        if places.origin_of_class(type(node)) == "project"
    )
    return next(ours, None)


def _fix(queue: Any) -> str:
    if anatomy.inherits(queue, _OF_ASYNCIO):
        return _AWAIT_PUT
    if anatomy.inherits(queue, _OF_TWISTED):
        return _OF_DEFERREDS
    if anatomy.inherits(queue, *_UNBOUNDED):
        return _SIMPLE + _IN_THREAD
    workers = "processes" if anatomy.inherits(queue, *_OF_PROCESSES) else "threads"
    return _BOUND + _IN_THREAD.replace("threads", workers)


_BOUND = (
    "the consumer is slower than the crawl: give {name} a bound (maxsize=1_000) and"
)
_SIMPLE = (
    "the consumer is slower than the crawl: make {name} a"
    " queue.Queue(maxsize=1_000) and"
)
_AWAIT_PUT = (
    f"{_BOUND} await put() in an `async def`, so that the crawl waits for room, or let"
    " more consumers take from it"
)
_IN_THREAD = (
    " put from a thread that the crawl waits for (await asyncio.to_thread(...), or"
    " return the Deferred of deferToThread(...)): a put() that waits in the reactor's"
    " thread stops the crawl; or let more threads take from it"
)
_OF_DEFERREDS = (
    "the consumer is slower than the crawl: let more of them take from {name}, or have"
    " the crawl wait for room: yield a DeferredSemaphore(1_000).acquire() before put(),"
    " and release() it when the entry is done"
)
_OF_LOG = (
    "the handler is slower than the log: put self.format(record) into {name}, not the"
    " record, which has requests, responses and items; give it a bound (maxsize=1_000)"
    " and drop what finds no room (put_nowait() and queue.Full), or log less"
)
_GONE = (
    "nothing takes from {name}: {gone}. See to it that a consumer goes on after an"
    " error of one entry, and give the queue a bound (maxsize=1_000), so that the crawl"
    " waits for it"
)
_OF_SEQUENCE = (
    "the consumer is slower than the crawl: let {functions} take more at a time from"
    " {name}; or make it an asyncio.Queue(maxsize=1_000) and await put(), so that the"
    " crawl waits for room"
)
_RETURN = (
    "more wait for {name} than get it: return the Deferred of run() or acquire() there,"
    " or await it (maybe_deferred_to_future), so that Scrapy waits with them"
)
