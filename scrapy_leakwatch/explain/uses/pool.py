"""Work that waits for a thread or a process, and whether somebody waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import blame, calls, source
from scrapy_leakwatch.explain.containers import pools
from scrapy_leakwatch.explain.uses.use import Use
from scrapy_leakwatch.foundation import places

if TYPE_CHECKING:
    from types import CodeType

    from scrapy_leakwatch.explain.code.expressions import Expression
    from scrapy_leakwatch.explain.code.source import Candidate
    from scrapy_leakwatch.explain.holders.anchor import Anchor

DEEPEST = 3
"""Functions that hand on what a call has started."""


def use(anchor: Anchor, crawler: Any) -> Use | None:
    """Return what helps against work that waits, and the line that hands it over."""
    way = (*anchor.above, *anchor.trail)
    if not pools.is_in_pool(way):
        return None
    ours = [type(one) for one in way if places.origin_of_class(type(one)) == "project"]
    classes = (*source.classes_of(crawler), *ours)
    found = _to_blame(_starting(anchor, crawler, classes))
    line = source.choose(found) or blame.used_there(anchor, crawler)
    work = pools.work_in(way)
    if line is None and work is not None:
        line = source.of_code(work)
    return Use(_fix(way, [one.found for one in found], classes), line)


def _starting(
    anchor: Anchor, crawler: Any, classes: tuple[type, ...]
) -> list[Candidate]:
    """Return the calls that hand the work to the pool.

    By the function that waits; else by the pool. What others handed to one that is of
    all, such as the reactor's, no call of the project did.
    """
    way = (*anchor.above, *anchor.trail)
    callers = pools.starters(way)
    work = pools.work_in(way)
    if work is not None:
        found = [one for one in _calls_of(callers, classes) if _hands_over(one, work)]
        if found:
            return found
    found = blame.all_there(anchor, crawler, calls.of_methods(callers))
    if not found and pools.is_of_database(way):
        return _calls_of(callers, classes)
    return found


def _calls_of(names: frozenset[str], classes: tuple[type, ...]) -> list[Candidate]:
    return source.in_reach(classes, lambda tree: calls.starting(tree, names))


def _hands_over(candidate: Candidate, work: CodeType) -> bool:
    call = candidate.found
    if work.co_name != "<lambda>":
        return work.co_name in call.names
    return candidate.path == work.co_filename and (
        isinstance(call, calls.Call) and call.line <= work.co_firstlineno <= call.end
    )


def _to_blame(found: list[Candidate]) -> list[Candidate]:
    """Return the calls for which nobody waits, where there are some."""
    return [one for one in found if _outcome(one) == "dropped"] or found


def _outcome(candidate: Candidate) -> str:
    call = candidate.found
    return call.outcome if isinstance(call, calls.Call) else ""


def _fix(
    way: tuple[Any, ...], found: list[Expression], classes: tuple[type, ...]
) -> str:
    called = [each for each in found if isinstance(each, calls.Call)]
    lost = [_lost(each, classes) for each in called]
    outcomes = {each.outcome for each in lost}
    words = _WORDS_OF_DATABASE if pools.is_of_database(way) else _WORDS
    if outcomes == {"dropped"} and lost[0].function:
        return words.dropped.format(_advice(called[0].name, lost[0], classes))
    if outcomes and outcomes <= {"awaited", "returned"}:
        return words.awaited
    return words.unknown


def _lost(call: calls.Call, classes: tuple[type, ...]) -> calls.Call:
    """Return the call that drops what ``call`` starts, else itself.

    A function that returns it may be called by another that drops it.
    """
    last = call
    for _ in range(DEEPEST):
        if last.outcome != "returned":
            return last
        above = _calls_of(frozenset([last.function]), classes)
        lost = [one.found for one in above if _outcome(one) in {"dropped", "returned"}]
        found = [each for each in lost if isinstance(each, calls.Call)]
        if not found:
            break
        last = min(found, key=lambda each: each.outcome)
    return call


def _advice(starter: str, call: calls.Call, classes: tuple[type, ...]) -> str:
    """Return how to wait for what a call starts, also where its function is called."""
    name, function = f"{call.name}()", f"{call.function}()"
    advice = _ADVICE.get(starter, _RETURN).format(call=name, function=function)
    callers = _calls_of(frozenset([call.function]), classes)
    if any(_outcome(one) == "dropped" for one in callers):
        return f"{advice}, and wait for {function} where that is called"
    return advice


@dataclass(frozen=True, slots=True)
class _Words:
    """What to say by what becomes of what starts the work."""

    dropped: str
    awaited: str
    unknown: str


_WORDS = _Words(
    dropped=(
        "the work comes faster than the threads do it, and nobody waits for it: {}, so"
        " that Scrapy does; or bound how many are under way, with a semaphore"
    ),
    awaited=(
        "the work comes faster than the threads do it, though it is awaited: more"
        " threads (max_workers, REACTOR_THREADPOOL_MAXSIZE), or fewer pages and items"
        " at a time (CONCURRENT_REQUESTS, CONCURRENT_ITEMS)"
    ),
    unknown=pools.REMEDY,
)
_WORDS_OF_DATABASE = _Words(
    dropped=(
        "the database is slower than the crawl, and nobody waits for it: {}, so that"
        " Scrapy does"
    ),
    awaited=(
        "the database is slower than the crawl, though it is awaited: insert many rows"
        " at once (executemany), give the pool more connections (cp_max), or lower"
        " CONCURRENT_REQUESTS and CONCURRENT_ITEMS"
    ),
    unknown=(
        "the database is slower than the crawl: return the Deferred of what is handed"
        " to the pool, or await it (maybe_deferred_to_future), so that Scrapy waits"
    ),
)
_RETURN = (
    "return the Deferred of {call} from {function}, or await it there"
    " (maybe_deferred_to_future)"
)
_AWAIT = "await {call} in {function}, an `async def`"
_NO_DEFERRED = (
    "use deferToThread() instead of {call} in {function}, and return its Deferred"
)
_ADVICE = {
    "submit": (
        "await asyncio.wrap_future(...) of what {call} returns in {function}, an"
        " `async def`"
    ),
    "map": "take the results of {call} in {function}, and await them",
    "apply_async": "wait for what {call} returns before {function} hands over more",
    "run_in_executor": _AWAIT,
    "to_thread": _AWAIT,
    "run_in_thread": _AWAIT,
    "callInThread": _NO_DEFERRED,
    "callInThreadWithCallback": _NO_DEFERRED,
}
"""By what hands the work over, where what that returns is dropped."""
