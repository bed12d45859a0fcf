"""Follows what a suspended function awaits, down to what nobody awaits for it."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from dataclasses import dataclass
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.naming.edges import GENERATORS
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.heap.roots import locals_of
from scrapy_leakwatch.heap.roots.tasks import tasks_of
from scrapy_leakwatch.heap.roots.timers import loops

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.heap.roots import Outside

DEEPEST = 200
"""Steps of a chain that are followed."""
MOST_CALLBACKS = 50
"""Callbacks of a Deferred or a Future that are looked at."""

_AWAITS = {
    id(CoroutineType): "cr_await",
    id(AsyncGeneratorType): "ag_await",
    id(GeneratorType): "gi_yieldfrom",
}
_WRAPPERS = frozenset(
    [
        "FutureIter",
        "anext_awaitable",
        "async_generator_asend",
        "async_generator_athrow",
        "coroutine_wrapper",
    ]
)
"""Python's own objects between a function and what it awaits."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A suspended function, what it awaits, and so on; live, in the child only."""

    nodes: tuple[Any, ...]

    @property
    def leaf(self) -> Any:
        """What is awaited last, None where that can't be seen."""
        last = self.nodes[-1]
        return None if is_suspended(last) else last

    @property
    def functions(self) -> list[Any]:
        """The suspended functions on it, the innermost first."""
        return [node for node in reversed(self.nodes) if is_suspended(node)]

    @property
    def of_project(self) -> Any:
        """The innermost that is code of the project, None where none is."""
        return next(filter(is_project, self.functions), None)


def is_suspended(obj: Any) -> bool:
    """Tell whether it is a generator, a coroutine or an asynchronous generator."""
    return id(type(obj)) in GENERATORS


def is_project(suspended: Any) -> bool:
    """Tell whether a suspended function is code of the project."""
    code = callables.code_of_generator(suspended)
    return code is not None and places.is_project(code)


def is_future(obj: Any) -> bool:
    """Tell whether it is one of asyncio's, a task among them."""
    return anatomy.is_a(obj, asyncio.Future)


def is_task(obj: Any) -> bool:
    """Tell whether it is a task of asyncio's."""
    return anatomy.is_a(obj, asyncio.Task)


def chain_of(outer: Any) -> Chain:
    """Return what a suspended function awaits."""
    nodes, seen = [outer], {id(outer)}
    for _ in range(DEEPEST):
        after = [each for each in _awaited(nodes[-1]) if id(each) not in seen]
        if not after:
            break
        seen.update(map(id, after))
        nodes += after
    return Chain(tuple(nodes))


def suspended_with(objects: Iterable[Any]) -> list[Any]:
    """Return the suspended functions that have one of ``objects`` in a variable."""
    found = gc.get_referrers(*objects)
    frames = [each for each in found if type(each) is FrameType]
    if frames:  # before Python 3.11 a function refers to its frame
        found += gc.get_referrers(*frames)
    return list({id(each): each for each in found if _waits(each)}.values())


def in_tasks(outside: Outside) -> list[Any]:
    """Return the coroutines of all tasks that have not ended."""
    found = [each for loop in loops(outside) for each in tasks_of(loop)]
    return [each for each in map(asyncio.Task.get_coro, found) if _waits(each)]


def frame_of(suspended: Any) -> FrameType | None:
    """Return the frame of a suspended function, None of anything else."""
    fields = GENERATORS.get(id(type(suspended)))
    return getattr(suspended, fields[0]) if fields else None


def local_of(suspended: Any, *names: str) -> Any:
    """Return the first of some variables that a suspended function has."""
    frame = frame_of(suspended)
    known = dict(locals_of(frame)) if frame is not None else {}
    return next((known[name] for name in names if name in known), None)


def is_fired(leaf: Any) -> bool:
    """Tell whether what is awaited has its result: who awaits it is about to go on."""
    if is_future(leaf):
        return bool(asyncio.Future.done(leaf))
    return anatomy.attribute(leaf, "called") is True


def _waits(obj: Any) -> bool:
    """Tell whether it is a suspended function, none of LeakWatch's own."""
    code = callables.code_of_generator(obj)
    return code is not None and not code.co_filename.startswith(places.PACKAGE)


def _is_awaitable(obj: Any) -> bool:
    return is_suspended(obj) or is_future(obj) or callables.is_deferred(obj)


def _awaited(node: Any) -> tuple[Any, ...]:
    name = _AWAITS.get(id(type(node)))
    if name is not None:
        code = callables.code_of_generator(node)
        if code is not None and code.co_name == "__iter__":  # of a Deferred
            return _some(local_of(node, "self"))
        return _some(_unwrapped(getattr(node, name)))
    if is_task(node):
        return _some(asyncio.Task.get_coro(node))
    if is_future(node):
        return _some(_behind_future(node))
    return _behind_deferred(node) if callables.is_deferred(node) else ()


def _some(found: Any) -> tuple[Any, ...]:
    return () if found is None else (found,)


def _unwrapped(found: Any) -> Any:
    for _ in range(len(_WRAPPERS)):
        if found is None or anatomy.name(type(found)) not in _WRAPPERS:
            break
        parts = gc.get_referents(found)
        found = next(
            (
                p
                for p in parts
                if _is_awaitable(p) or anatomy.name(type(p)) in _WRAPPERS
            ),
            None,
        )
    return found


def _behind_future(future: Any) -> Any:
    """Return what fires a future: its Deferred, or the first that it gathers."""
    parts = gc.get_referents(future)
    for each in _gathered(parts):
        if not is_fired(each):
            return each
    for function in _functions_of(parts):
        if str.__str__(function.__qualname__) == _CANCELS:
            return _in_closure(function, callables.is_deferred)
    return None


def _gathered(parts: list[Any]) -> Iterator[Any]:
    """Yield what a future gathers; there is no other way to its attributes.

    From Python 3.14 on it refers to their values, before to the dict that has them.
    """
    for part in parts:
        children = part.get("_children") if type(part) is dict else part
        if type(children) is list:
            yield from filter(is_future, children)


_CANCELS = "Deferred.asFuture.<locals>.checkCancel"


def _functions_of(found: list[Any], deep: int = 2) -> Iterator[FunctionType]:
    for each in found[:MOST_CALLBACKS]:
        if type(each) is FunctionType:
            yield each
        elif deep and (type(each) is list or type(each) is tuple):
            yield from _functions_of(list(each), deep - 1)


def _behind_deferred(deferred: Any) -> tuple[Any, ...]:
    """Return what a Deferred waits for: another, a future, or a function's."""
    gathered = anatomy.attribute(deferred, "_deferredList")
    if type(gathered) is list:
        return _some(next((each for each in gathered if not is_fired(each)), None))
    chained = anatomy.attribute(deferred, "_chainedTo")
    if callables.is_deferred(chained):
        return (chained,)
    canceller = anatomy.attribute(deferred, "_canceller")
    if type(canceller) is not FunctionType:
        return ()
    around = _with_closures(_contents(canceller))
    status = next(filter(_is_of_function, around), None)
    if status is None:
        return _some(_in_closure(canceller, is_future))
    waits_on = anatomy.attribute(status, "waitingOn")
    function = _woken_by(waits_on, status)
    # What a coroutine awaits it tells itself, a generator of Twisted's does not.
    only = function is not None and type(function) is not GeneratorType
    return (function,) if only else _some(function) + _some(waits_on)


def _is_of_function(obj: Any) -> bool:
    return anatomy.inherits(obj, "twisted.internet.defer._CancellationStatus")


def _woken_by(deferred: Any, status: Any) -> Any:
    """Return the function that goes on when a Deferred fires, by its status."""
    callbacks = anatomy.attribute(deferred, "_callbacks")
    if callbacks is None:  # as older Twisteds call them
        callbacks = anatomy.attribute(deferred, "callbacks")
    for entry in callbacks[:MOST_CALLBACKS] if type(callbacks) is list else ():
        for args in _tuples_in(entry):
            parts = list(_with_closures(args))
            if any(part is status for part in parts):
                return next(filter(is_suspended, parts), None)
    return None


def _tuples_in(found: Any, deep: int = 2) -> Iterator[tuple[Any, ...]]:
    if type(found) is tuple:
        yield found
        for each in found if deep else ():
            yield from _tuples_in(each, deep - 1)


def _with_closures(parts: Iterable[Any]) -> Iterator[Any]:
    """Yield them, and what functions among them have from around: as in Twisted 21."""
    for each in parts:
        yield each
        if type(each) is FunctionType:
            yield from _contents(each)


def _in_closure(function: FunctionType, wanted: Any) -> Any:
    return next(filter(wanted, _contents(function)), None)


def _contents(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):
            yield cell.cell_contents
