"""The places where a walk may stop, because a person knows them by name."""

from __future__ import annotations

import gc
import logging
import sys
from collections import deque
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.utils.trackref import object_ref

from scrapy_leakwatch import anatomy, components, places
from scrapy_leakwatch.heap.roots import locals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from scrapy_leakwatch.explain.records import Origin

_DEPTH = 6
_CROWD = 128
_STRUCTURES = ("scrapy.pqueues", "scrapy.squeues", "queuelib.", "scrapy.core.")
_MACHINE_OWNERS = frozenset({"reactor", "cooperator", "event loop"})

RootKind = Literal["component", "global", "class", "queue", "engine", "frame"]

_ENGINE_PARTS = (
    ("downloader", ("engine", "downloader")),
    ("downloader handlers", ("engine", "downloader", "handlers")),
    ("scraper", ("engine", "scraper")),
    ("scraper slot", ("engine", "scraper", "slot")),
    ("engine", ("engine",)),
    ("engine slot", ("engine", "slot")),
)
_QUEUES = {"mqs": "scheduler memory queue", "dqs": "scheduler disk queue"}
_MACHINES = ("twisted.internet.reactor", "twisted.internet.task._theCooperator")


@dataclass(frozen=True, slots=True)
class Root:
    """A place with a name.

    What only an ``engine`` or ``frame`` root holds is on its way through the
    crawl; what any other root holds stays. A ``foreign`` one is of another
    crawl of the process.
    """

    kind: RootKind
    owner: str
    expression: str
    origin: Origin
    scope: str = ""
    foreign: bool = False

    @property
    def rank(self) -> int:
        """Return how well it explains: 0 it stays, 1 a call that runs, 2 it passes."""
        if self.kind == "frame":
            return 1 if self.origin == "project" else 2
        return 2 if self.kind == "engine" else 0


RANKS = range(3)
_CRAWLER = Root("component", "crawler", "crawler", "library")


class Roots:
    """Every root of the process, found by identity."""

    def __init__(
        self,
        crawler: Any,
        frames: tuple[FrameType, ...] = (),
        suspects: Iterable[Any] = (),
    ) -> None:
        self._suspected = _suspected(suspects)
        self._known: dict[int, Root] = {}
        self._of_values: dict[int, Root] = {}
        self._below: dict[int, tuple[Any, Any]] = {}
        self._add_signals()
        self._add_machines()
        self._known[id(crawler)] = _CRAWLER
        self._add_crawler(crawler)
        self._add_context()
        for frame in frames:
            self._add_frame(frame)

    @property
    def ids(self) -> set[int]:
        """The identities of the roots that are known beforehand."""
        return set(self._known)

    def find(self, obj: Any) -> Root | None:
        """Return the root that ``obj`` is, if it is one."""
        if id(obj) in self._suspected:
            return None
        known = self._known.get(id(obj))
        if known is None:
            for bases, name_root in _NAMED_BY_CLASS:
                if anatomy.is_a(obj, *bases):
                    return name_root(obj)
        return known

    def holding(self, obj: Any) -> Root | None:
        """Return the root that holds ``obj`` where the collector can't see it.

        Running frames and the current context keep their values on the C
        stack, so no walk backwards ever meets them.
        """
        return self._of_values.get(id(obj))

    def above(self, obj: Any) -> Any:
        """Return what holds ``obj`` inside a queue or the engine, if it is there.

        Their structures are small and known: read from above they save the
        walk a pass over the whole heap for each level.
        """
        found = self._below.get(id(obj))
        return None if found is None else found[1]

    def _add(self, obj: Any, root: Root) -> None:
        if obj is None:
            return
        self._known.setdefault(id(obj), root)
        anatomy.own_dict(obj)
        if root.kind in {"queue", "engine"} and root.owner not in _MACHINE_OWNERS:
            self._descend(obj)

    def _descend(self, top: Any) -> None:
        """Note the structure below ``top``, but not what crowds in it."""
        level = [top]
        for _ in range(_DEPTH):
            below = []
            for holder in level:
                if anatomy.size(holder) > _CROWD:
                    continue
                for held in gc.get_referents(holder):
                    if _is_structure(held) and id(held) not in self._below:
                        self._below[id(held)] = (held, holder)
                        below.append(held)
            level = below

    def _add_signals(self) -> None:
        signals = sys.modules.get("pydispatch.dispatcher")
        self._known[id(anatomy.attribute(signals, "connections"))] = Root(
            "global", "signal receivers", "signal receivers", "library"
        )

    def _add_machines(self) -> None:
        for path in _MACHINES:
            module, _, name = path.rpartition(".")
            machine = anatomy.attribute(sys.modules.get(module), name)
            owner = "reactor" if name == "reactor" else "cooperator"
            self._add(machine, Root("engine", owner, owner, "library"))
            loop = anatomy.attribute(machine, "_asyncioEventloop")
            self._add(loop, Root("engine", "event loop", "event loop", "library"))
        running = sys.modules.get("asyncio.events")
        if running is not None:
            loop = running._get_running_loop()
            self._add(loop, Root("engine", "event loop", "event loop", "library"))

    def _add_crawler(self, crawler: Any) -> None:
        for owner, component in components.managed(crawler):
            self._add(component, _of_component(component, owner))
        spider = anatomy.attribute(crawler, "spider")
        if spider is not None:
            self._add(spider, _of_spider(spider))
        self._add_scheduler(crawler)
        for owner, names in _ENGINE_PARTS:
            expression = ".".join(("crawler", *names))
            root = Root("engine", owner, expression, "library")
            self._add(components.part(crawler, *names), root)

    def _add_scheduler(self, crawler: Any) -> None:
        scheduler = components.part(crawler, "engine", "slot", "scheduler")
        here = "crawler.engine.scheduler"
        for name, owner in _QUEUES.items():
            found = anatomy.attribute(scheduler, name)
            self._add(found, Root("queue", owner, f"{here}.{name}", "library"))
        seen = components.duplicate_filter(crawler)
        if seen is not None:
            self._add(seen, _of_component(seen, "duplicate filter"))
        self._add(scheduler, Root("queue", "scheduler", here, "library"))

    def _add_context(self) -> None:
        for variable, value in copy_context().items():
            name = f"context variable {variable.name!r}"
            root = Root("global", "current context", name, "library")
            self._of_values.setdefault(id(value), root)

    def _add_frame(self, frame: FrameType) -> None:
        code = frame.f_code
        if code.co_filename.startswith(places.PACKAGE):
            return
        function = places.function_name(code)
        origin = places.origin_of_file(code.co_filename)
        for name, value in locals_of(frame):
            root = Root(
                "frame",
                f"running function {function}",
                f"local variable {name!r} of {function}",
                origin,
            )
            self._of_values.setdefault(id(value), root)


def _suspected(suspects: Iterable[Any]) -> frozenset[int]:
    """Return what is asked about itself: crawlers of ended crawls, their spiders."""
    crawlers = [each for each in suspects if anatomy.is_a(each, Crawler)]
    spiders = [anatomy.attribute(each, "spider") for each in crawlers]
    return frozenset(id(each) for each in (*crawlers, *spiders) if each is not None)


def _is_structure(obj: Any) -> bool:
    if any(type(obj) is kind for kind in (dict, list, set, deque)):
        return True
    module = anatomy.module(type(obj))
    return module.startswith(_STRUCTURES) and not anatomy.is_a(
        obj, type, object_ref, Crawler
    )


def _of_component(component: Any, owner: str) -> Root:
    cls = type(component)
    name = anatomy.name(cls)
    scope = f"{anatomy.module(cls)}.{anatomy.qualname(cls)}"
    return Root(
        "component", f"{owner} {name}", name, places.origin_of_class(cls), scope
    )


def _of_spider(spider: Any) -> Root:
    scope = f"{anatomy.module(type(spider))}.{anatomy.qualname(type(spider))}"
    origin = places.origin_of_class(type(spider))
    return Root("component", "spider", "spider", origin, scope)


def _of_namespace(table: dict[Any, Any]) -> Root | None:
    """Return the root for the globals of an imported module."""
    name = dict.get(table, "__name__")
    if type(name) is not str:
        return None
    if anatomy.own_dict(sys.modules.get(name)) is not table:
        return None
    return Root("global", f"module {name}", name, places.origin_of_module(name))


def _of_class(cls: Any) -> Root | None:
    name, origin = anatomy.qualname(cls), places.origin_of_class(cls)
    if "<locals>" in name and origin == "library":
        return None  # made for one call, such as Twisted's for a connection
    return Root("class", f"class {name}", name, origin, f"{anatomy.module(cls)}.{name}")


def _of_other_spider(spider: Any) -> Root:
    return replace(_of_spider(spider), foreign=True)


def _of_other_crawler(_: Any) -> Root:
    return replace(_CRAWLER, foreign=True)


def _of_handler(handler: Any) -> Root:
    cls = type(handler)
    origin = places.origin_of_class(cls)
    return Root("component", "logging handler", anatomy.name(cls), origin)


_NAMED_BY_CLASS: tuple[tuple[tuple[type, ...], Callable[[Any], Root | None]], ...] = (
    ((dict,), _of_namespace),
    ((type,), _of_class),
    ((Spider,), _of_other_spider),
    ((Crawler,), _of_other_crawler),
    ((logging.Handler,), _of_handler),
)
