"""What is awaited, in words, and what would let it end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.explain.waits.chain import is_future, is_project, local_of
from scrapy_leakwatch.explain.waits.wakers import keepers
from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.foundation.lines import SourceLine, at
from scrapy_leakwatch.internals import components, paths

if TYPE_CHECKING:
    from types import CodeType

    from scrapy_leakwatch.explain.waits.chain import Chain

FUTURE, DEFERRED = "a Future", "a Deferred"
GONE = "what was thrown away"
"""What nobody has any more, and so nobody fires."""

_CALLED = ("method", "callback", "receiver")
"""What Scrapy calls the function whose result it awaits."""
_PRIMITIVES = frozenset(
    [
        *("Lock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier"),
        *("Queue", "LifoQueue", "PriorityQueue", "JoinableQueue"),
        *("DeferredLock", "DeferredSemaphore", "DeferredQueue"),
    ]
)
_CREATOR = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True, slots=True)
class Waiting:
    """A function that waits: its name, the line, what it awaits and where that is."""

    function: str
    awaited: str
    keeper: str = ""
    line: SourceLine | None = None


def place_of(chain: Chain) -> tuple[int, int | None]:
    """Return what the chains have in common that end at the same line."""
    inner = chain.of_project or chain.functions[0]
    return id(callables.code_of_generator(inner)), callables.waiting_line(inner)


def waiting(chain: Chain, crawler: Any) -> Waiting:
    """Return who waits on a chain, and for what."""
    primitive = _primitive_of(chain)
    what, keeper = _what(chain, primitive), name_of(primitive, crawler)
    own = chain.of_project
    if own is not None:
        code = callables.code_of_generator(own)
        line = source.of_code(code, callables.waiting_line(own)) if code else None
        return Waiting(_name(own), what, keeper, line)
    called = next(filter(None, map(_called, chain.functions)), None)
    if called is not None:
        code = callables.code_of(called)
        line = _made_at(chain.leaf) or (source.of_code(code) if code else None)
        return Waiting(_name(called), what, keeper, line)
    inner = chain.functions[0]
    return Waiting(_name(inner), what, keeper)


def _name(function: Any) -> str:
    return redact.text(callables.function_name(function), 80)


def is_called_there(chain: Chain) -> bool:
    """Tell whether Scrapy awaits what a function of the project returned."""
    return any(_called(each) is not None for each in chain.functions)


def _called(suspended: Any) -> Any:
    """Return the project's function whose result Scrapy awaits there."""
    found = local_of(suspended, *_CALLED)
    code = callables.code_of(found)
    return found if code is not None and places.is_project(code) else None


def _what(chain: Chain, primitive: Any) -> str:
    if primitive is not None:
        name = anatomy.name(type(primitive))
        return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
    leaf = chain.leaf
    if leaf is None:
        return "something"
    return FUTURE if is_future(leaf) else DEFERRED


def _is_primitive(obj: Any) -> bool:
    """Tell whether it is a lock, an event, a queue or the like."""
    return anatomy.name(type(obj)) in _PRIMITIVES


def _primitive_of(chain: Chain) -> Any:
    """Return the lock or so whose function is the last on a chain, or that keeps it."""
    inner = chain.functions[0]
    found = None if is_project(inner) else local_of(inner, "self")
    if _is_primitive(found):
        return found
    return next(filter(_is_primitive, keepers([chain])), None)


def name_of(obj: Any, crawler: Any) -> str:
    """Return the attribute of the spider or a component that something is."""
    if obj is None:
        return ""
    spider = anatomy.attribute(crawler, "spider")
    owners = [("spider", spider)]
    owners += [
        (anatomy.name(type(each)), each) for _, each in components.managed(crawler)
    ]
    for label, owner in owners:
        for name, value in anatomy.attributes(owner):
            if value is obj:
                return redact.text(f"{label}.{name}", 120)
    return ""


def _made_at(leaf: Any) -> SourceLine | None:
    """Return the project's line that made a Deferred, where Twisted's debug has it."""
    creator = anatomy.attribute(leaf, "_debugInfo", "creator")
    entries: list[Any] = creator if type(creator) is list else []
    for entry in reversed(entries):
        found = _CREATOR.search(entry) if type(entry) is str else None
        if found and places.origin_of_file(found[1]) == "project":
            return at(found[1], int(found[2]))
    return None


def pipelines_line(crawler: Any) -> Waiting | None:
    """Return who waits where items are in pipelines, of which Scrapy does not tell.

    None where no item is there, or none of the project's could be meant.
    """
    items = paths.follow(crawler, paths.ITEMS_IN_PIPELINES)
    if type(items) is not int or not items:
        return None
    found = {}
    for kind, component in components.managed(crawler):
        if kind != "item pipeline":
            continue
        tables = map(anatomy.namespace, anatomy.mro(type(component)))
        method = next((t["process_item"] for t in tables if "process_item" in t), None)
        code = callables.code_of(method)
        if code is not None and places.is_project(code):
            found[_name(method)] = code
    if not found:
        return None
    (code, *others) = found.values()
    line = None if others else source.of_code(code)
    return Waiting(" or ".join(found), DEFERRED, line=line)


def callback_line(request: Any, spider: Any) -> tuple[str, SourceLine | None]:
    """Return the function that a request calls back, and its first line."""
    callback = anatomy.attribute(request, "callback")
    if callback is None:
        table = (
            anatomy.namespace(cls).get("parse") for cls in anatomy.mro(type(spider))
        )
        callback = next(filter(None, table), None)
    code: CodeType | None = callables.code_of(callback)
    return _name(callback), source.of_code(code) if code is not None else None


def remedy(found: Waiting) -> str:
    """Return what lets it end."""
    where = found.keeper or found.awaited
    if "Deferred" in found.awaited and not found.keeper:
        return (
            f"fire the Deferred that {found.function} waits for in every case, also in"
            " the errback, and give it a time limit: deferred.addTimeout(60, reactor)"
        )
    if any(name in found.awaited for name in ("Lock", "Semaphore")):
        return (
            f"release {where} in `finally`, or use `async with`, so that an error or a"
            f" return does not keep it; who waits in {found.function} can give up with"
            " asyncio.wait_for(..., 60)"
        )
    if "Queue" in found.awaited:
        return (
            f"see to it that somebody takes from {where} and puts into it as long as"
            f" {found.function} waits, also after an error; or give up with"
            " asyncio.wait_for(..., 60)"
        )
    return (
        f"set {where} in every case, also after an error, and let {found.function} give"
        " up after a while: asyncio.wait_for(..., 60)"
    )
