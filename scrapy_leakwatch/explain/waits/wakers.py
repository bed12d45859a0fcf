"""Who could still wake what is awaited: a timer, a thread, or whoever keeps it."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import deque
from functools import partial
from types import (
    BuiltinMethodType,
    CellType,
    FrameType,
    FunctionType,
    MethodType,
)
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.waits.chain import (
    Chain,
    chain_of,
    frame_of,
    is_future,
    is_project,
    is_suspended,
    is_task,
    local_of,
)
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.heap.roots.timers import loops, reactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.heap.roots import Outside

MOST_TIMERS = 5000
"""That are looked at; where there are more, something may wake anything."""
TIMES_IN_VAIN = 3
"""That something was called while nothing moved, after which it will wake nobody."""
MOST_STEPS = 20_000
MOST_LEVELS = 5
"""Of containers between what is awaited and who keeps it."""
MOST_REFERRERS = 500

_HANDING_ON = (
    tuple,
    list,
    dict,
    set,
    deque,
    CellType,
    FunctionType,
    MethodType,
    BuiltinMethodType,
    partial,
)
_LOOPING = {
    "twisted.internet.task.LoopingCall": "f",
    "scrapy.utils.asyncio.AsyncioLoopingCall": "_func",
}
_PRIMITIVES = (
    "asyncio.locks.",
    "asyncio.queues.",
    "twisted.internet.defer.",
)
"""Where the classes are whose waiters only code of the event loop wakes."""
_IDLE = (
    f"concurrent{os.sep}futures{os.sep}thread.py",
    f"twisted{os.sep}_threads{os.sep}",
)
_WAITING = ("threading.py", "queue.py")


class Timers:
    """What the reactor and the event loops will call, and whom that wakes.

    ``ids`` are those of what goes on then. ``wakes_project``: code of the project
    besides that is called, or goes on, which could wake others. What was called again
    and again in the last ``still_s`` seconds, and woke nobody, is not counted.
    """

    def __init__(self, outside: Outside, still_s: float = 0.0) -> None:
        self._still_s = still_s
        self.ids: set[int] = set()
        self._functions: list[Any] = []
        self._called: list[Any] = []
        timers = list(_timers(outside))
        self.too_many = len(timers) > MOST_TIMERS
        self._walk([called for each in timers for called in gc.get_referents(each)])

    def wakes(self, chain: Chain) -> bool:
        """Tell whether one of them leads to a part of a chain."""
        return any(id(node) in self.ids for node in chain.nodes)

    def wakes_project(self, chains: list[Chain]) -> bool:
        """Tell whether code of the project runs that is not on these chains."""
        known = {id(node) for chain in chains for node in chain.nodes}
        woken = (each for each in self._functions if is_project(each))
        return bool(self._called) or any(id(each) not in known for each in woken)

    def _walk(self, left: list[Any]) -> None:
        steps = 0
        while left:
            obj = left.pop()
            if id(obj) in self.ids:
                continue
            self.ids.add(id(obj))
            after = self._after(obj)
            left += after
            steps += bool(after)  # thousands of timers have numbers and names besides
            if steps > MOST_STEPS:
                self.too_many = True
                return

    def _after(self, obj: Any) -> list[Any]:
        """Return what goes on when something is called, or fires."""
        if is_task(obj):
            return [asyncio.Task.get_coro(obj)]
        if is_suspended(obj):
            chain = chain_of(obj)
            self._functions += chain.functions
            of = [local_of(each, "self") for each in chain.functions]
            return [*chain.nodes[1:], *filter(_looping, of)]
        if looping := _looping(obj):
            interval = anatomy.attribute(obj, "interval")
            often = type(interval) in {int, float} and (
                0 < TIMES_IN_VAIN * interval <= self._still_s
            )
            return [] if often else [anatomy.attribute(obj, looping)]
        if type(obj) is FunctionType:
            self._called += [obj] if places.is_project(obj.__code__) else []
            return [obj.__closure__, obj.__defaults__]  # not its module's globals
        if is_future(obj) or callables.is_deferred(obj) or _hands_on(obj):
            return [] if _is_namespace(obj) else gc.get_referents(obj)
        return []


def _looping(obj: Any) -> str:
    """Return the attribute in which a looping call has its function, "" of another."""
    return next((n for p, n in _LOOPING.items() if anatomy.inherits(obj, p)), "")


def _hands_on(obj: Any) -> bool:
    return any(type(obj) is kind for kind in _HANDING_ON) or (
        # A task's way to be woken, made in C.
        anatomy.name(type(obj)) in {"TaskStepMethWrapper", "TaskWakeupMethWrapper"}
    )


def _timers(outside: Outside) -> Iterator[Any]:
    for loop in loops(outside):
        for name in ("_scheduled", "_ready"):
            found = anatomy.attribute(loop, name)
            if anatomy.is_a(found, list, deque):
                yield from list(found)
    for name in ("_pendingTimedCalls", "_newTimedCalls", "threadCallQueue"):
        found = anatomy.attribute(reactor(), name)
        if type(found) is list:
            yield from found


def busy_threads(outside: Outside) -> list[str]:
    """Return the names of the other threads that do something."""
    return [name for name, stack in outside.frames if _is_busy(stack)]


def _is_busy(stack: tuple[FrameType, ...]) -> bool:
    """Tell whether a thread works; this one asks, and one of a pool may be idle."""
    files = [frame.f_code.co_filename for frame in stack]
    if any(file.startswith(places.PACKAGE) for file in files):
        return False
    doing = next((file for file in files if not file.endswith(_WAITING)), "")
    return bool(doing) and not any(idle in doing for idle in _IDLE)


def keepers(chains: list[Chain]) -> list[Any]:
    """Return who keeps what the chains end in, besides those who await it.

    Instances and modules' globals; suspended functions that have it in a variable.
    """
    nodes = [node for chain in chains for node in chain.nodes]
    frames = [frame_of(node) for node in nodes]  # before Python 3.11 they have it
    ignored = {id(each) for each in (*nodes, *frames)}
    ignored |= {id(chain.nodes) for chain in chains} | {id(nodes), id(frames)}
    level = [chain.leaf for chain in chains if chain.leaf is not None]
    found: dict[int, Any] = {}
    for _ in range(MOST_LEVELS):
        if not level:
            break
        ignored |= {id(level), id(found)}
        above = gc.get_referrers(*level)[:MOST_REFERRERS]
        ignored |= set(map(id, level))
        level = []
        for each in above:
            if id(each) in ignored or _is_ours(each) or _awaits(each):
                continue
            ignored.add(id(each))
            if _hands_on(each) and not _is_namespace(each):
                level.append(each)
            else:
                found[id(each)] = each
    return list(found.values())


def _is_ours(obj: Any) -> bool:
    code = obj.f_code if type(obj) is FrameType else callables.code_of_generator(obj)
    return code is not None and code.co_filename.startswith(places.PACKAGE)


def _awaits(obj: Any) -> bool:
    """Tell whether it only waits, too, and fires nothing by itself."""
    return (
        is_future(obj)
        or callables.is_deferred(obj)
        or anatomy.name(type(obj)) in {"FutureIter", "Context"}
        or anatomy.inherits(obj, "twisted.internet.defer._CancellationStatus")
        or _is_paused(obj)
    )


def _is_paused(obj: Any) -> bool:
    """Tell whether it is a cooperative task of Twisted's that waits for a Deferred."""
    return (
        anatomy.inherits(obj, "twisted.internet.task.CooperativeTask")
        and anatomy.attribute(obj, "_pauseCount") != 0
    )


def _is_namespace(obj: Any) -> bool:
    """Tell whether it is the globals of a module."""
    return type(obj) is dict and type(dict.get(obj, "__name__")) is str


def is_inert(keeper: Any) -> bool:
    """Tell whether only code of the project, run by the event loop, uses it."""
    if is_suspended(keeper):
        return False
    if type(keeper) is dict or type(keeper) is FrameType:
        return type(keeper) is dict
    path = anatomy.path(type(keeper))
    return path.startswith(_PRIMITIVES) or (
        places.origin_of_class(type(keeper)) == "project"
    )
