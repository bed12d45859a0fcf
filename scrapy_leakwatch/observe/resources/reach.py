"""What the components of a crawl lead to, and what leads to them.

Down: the attributes of a component, what is in their containers, the objects
behind. Up: the bound object, the arguments and the closure of a callable. Both
are bounded, both stop where things are shared: at Scrapy's own objects, the
reactor, the loggers, and at what a module or a class has, too.
"""

from __future__ import annotations

import gc
import sys
from asyncio import AbstractEventLoop
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.observe.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.owners import Owner

MOST = 4000
CROWD = 100
FIRST = 4
"""Entries of a larger container that tell whether its are looked at."""
HIGHEST = 4
MOST_ABOVE = 200

_SHARED = (
    *("scrapy.", "twisted.internet.", "twisted.python.log", "twisted.logger."),
    *("asyncio.", "logging.", "threading.", "multiprocessing.", "subprocess."),
    *("importlib.", "parsel.", "lxml.", "weakref.", "pydispatch.", "zope."),
    *("itemadapter.", "scrapy_leakwatch.", "builtins.type", "contextvars."),
)
_OWN = (
    *(
        "scrapy.exporters.",
        "multiprocessing.pool.",
        "multiprocessing.managers.",
        "asyncio.streams.",
        "asyncio.selector_events.",
    ),
    *("asyncio.subprocess.", "asyncio.unix_events._Unix", "asyncio.trsock."),
    "asyncio.base_events.Server",
)
_CONTAINERS = anatomy.identities(dict, list, tuple, set, frozenset, deque)
_IN_C = ("_io.", "_csv.")

Way = Literal["component", "attribute", "global"]


@dataclass(frozen=True, slots=True)
class Link:
    """How something hangs on a component.

    ``names`` are the attributes on the way, ``first`` what the first one has.
    A ``global`` is of the component's module or class, not of the instance.
    """

    owner: Owner
    way: Way
    names: tuple[str, ...] = ()
    first: Any = None

    def to(self, name: str, value: Any) -> Link:
        """Return the link to what ``name`` has; containers have no names."""
        if not name:
            return self
        first = self.first if self.names else value
        way: Way = "global" if self.way == "global" else "attribute"
        return replace(self, way=way, names=(*self.names, name), first=first)


class Reach:
    """The objects that hang on the components, each on the nearest."""

    def __init__(self, owners: tuple[Owner, ...] = ()) -> None:
        self.owners = owners
        self._links: dict[int, Link] = {}
        self._kept: list[Any] = []
        tables = _tables(owners)
        self._shared = _shared_by(tables)
        self._singletons: dict[int, tuple[type, frozenset[int]]] = {}
        self._queue: deque[Any] = deque()
        for owner in owners:
            self._add(owner.instance, Link(owner, "component"))
        self._fill()
        for owner, table in tables:
            for name, value in _resources_in(table):
                self._add(value, Link(owner, "global", (name,), value))
        self._fill()

    def things(self) -> Iterator[Any]:
        """Yield all that is reached."""
        yield from self._kept

    def to(self, thing: Any) -> Link | None:
        """Return how ``thing`` hangs on a component, None if it hangs on none."""
        return self._links.get(id(thing))

    def user(self, uses: tuple[Any, ...]) -> Link | None:
        """Return the component that one of ``uses`` refers to, the nearest."""
        level = [use for use in uses if use is not None]
        seen: set[int] = set()
        for _ in range(HIGHEST):
            for obj in level:
                link = self._links.get(id(obj))
                if link is not None and _may_be_owned(obj, link):
                    return link
            seen |= {id(obj) for obj in level}
            if len(seen) > MOST_ABOVE:
                return None
            above = [value for obj in level for _, value in self._inside(obj, up=True)]
            level = [value for value in above if id(value) not in seen]
        return None

    def _add(self, obj: Any, link: Link) -> None:
        if id(obj) not in self._links and len(self._kept) < MOST:
            self._links[id(obj)] = link
            self._kept.append(obj)
            self._queue.append(obj)

    def _fill(self) -> None:
        while self._queue:
            obj = self._queue.popleft()
            link = self._links[id(obj)]
            for name, value in self._inside(obj, root=link.way == "component"):
                if not _is_plain(value) and id(value) not in self._shared:
                    self._add(value, link.to(name, value))

    def _inside(
        self, obj: Any, *, root: bool = False, up: bool = False
    ) -> Iterator[tuple[str, Any]]:
        if anatomy.is_exactly(obj, _CONTAINERS):
            values = dict.values(obj) if type(obj) is dict else obj
            if anatomy.size(obj) <= CROWD or _are_resources(values):
                yield from (("", value) for value in list(islice(values, MOST)))
        elif type(obj) is MethodType or type(obj) is BuiltinMethodType:
            yield "", obj.__self__
        elif type(obj) is FunctionType:
            yield from (("", value) for value in _closure(obj))
        elif anatomy.is_a(obj, partial):
            for name in ("func", "args", "keywords"):
                yield "", anatomy.attribute(obj, name)
        elif anatomy.path(type(obj)).startswith(_IN_C):
            yield from (("", value) for value in gc.get_referents(obj))
        elif root or self._is_open(obj, up=up):
            yield from anatomy.attributes(obj)

    def _is_open(self, obj: Any, *, up: bool) -> bool:
        """Tell whether to look inside ``obj``: somebody's own, and not shared."""
        if _is_own(obj):
            return not self.is_singleton(obj)
        return up and anatomy.inherits(obj, *_SERVERS)

    def is_singleton(self, obj: Any) -> bool:
        """Tell whether the module or the class of ``obj`` has it, too."""
        cls = type(obj)
        if id(cls) not in self._singletons:
            module = anatomy.own_dict(sys.modules.get(anatomy.module(cls))) or {}
            tables = (module, *map(anatomy.namespace, anatomy.mro(cls)))
            had = frozenset(
                id(value) for table in tables for value in list(table.values())
            )
            self._singletons[id(cls)] = (cls, had)
        return id(obj) in self._singletons[id(cls)][1]


def _are_resources(values: Any) -> bool:
    """Tell whether what a large container has are files or the like, by the first."""
    return any(
        anatomy.path(type(value)) in kinds.CLASSES
        for value in list(islice(values, FIRST))
    )


def _may_be_owned(obj: Any, link: Link) -> bool:
    """Tell whether ``obj`` stands for its component: not a function or a list."""
    if link.way == "component":
        return True
    passing = anatomy.is_exactly(obj, _PASSING) or anatomy.path(type(obj)).startswith(
        "builtins."
    )
    return link.way == "attribute" and _is_own(obj) and not passing


_PASSING = anatomy.identities(
    FunctionType, MethodType, BuiltinMethodType, partial, deque
)
_SERVERS = (
    "twisted.internet.protocol.Protocol",
    "twisted.internet.protocol.Factory",
    "asyncio.streams.StreamReaderProtocol",
)
_PLAIN = anatomy.identities(
    str, bytes, int, float, bool, type(None), complex, ModuleType
)


def _is_plain(value: Any) -> bool:
    return anatomy.is_exactly(value, _PLAIN) or anatomy.is_a(value, type)


def _is_own(obj: Any) -> bool:
    if _is_plain(obj) or anatomy.is_a(
        obj, object_ref, BaseException, AbstractEventLoop
    ):
        return False
    path = anatomy.path(type(obj))
    return path.startswith(_OWN) or not path.startswith(_SHARED)


def _closure(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it is empty
            yield cell.cell_contents


def _resources_in(table: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a class or module has that may be or hold a resource."""
    for name, value in list(table.items()):
        if type(name) is str and not name.startswith("__") and _may_hold(value):
            yield name, value


def _may_hold(value: Any) -> bool:
    if anatomy.is_exactly(value, _CONTAINERS):
        return True
    if anatomy.path(type(value)) in kinds.CLASSES:
        return True
    return not _is_plain(value) and not _is_own(value)


def _tables(owners: tuple[Owner, ...]) -> list[tuple[Owner, Any]]:
    """Return the names in the project's classes and modules of the components."""
    found: dict[int, tuple[Owner, Any]] = {}
    for owner in owners:
        for base in anatomy.mro(owner.cls):
            module = anatomy.module(base)
            if places.origin_of_module(module) == "project":
                names = anatomy.own_dict(sys.modules.get(module)) or {}
                found.setdefault(id(base), (owner, anatomy.namespace(base)))
                found.setdefault(id(names), (owner, names))
    return list(found.values())


def _shared_by(tables: list[tuple[Owner, Any]]) -> frozenset[int]:
    return frozenset(
        id(value)
        for _, table in tables
        for value in list(table.values())
        if not _is_plain(value)
    )
