"""The places from which memory is held, by the names that a person has for them.

Each is an owner: the walk enters all barriers first, so that no owner reaches
into another, and goes on from one after the other. The order is a preference:
what several hold goes to whom a person can change, then to who keeps things
rather than passes them on.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextvars import copy_context
from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from typing import TYPE_CHECKING, Any, Literal

from scrapy import Spider
from scrapy.utils import trackref

from scrapy_leakwatch import anatomy, components, places, redact
from scrapy_leakwatch.heap.graph import packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from scrapy_leakwatch.records import Origin, OwnerKind


@dataclass(frozen=True, slots=True)
class Start:
    """An object that a root begins with, and what a person calls it.

    ``label`` is how a path of a bill is written that begins there. ``expression`` is
    that in source text and ``owner`` who has it, where they differ from the label and
    the root's name. ``passing``: what it holds is on its way through the crawl.
    ``value``: it is the value of a variable, which nothing refers to that the
    collector shows. ``lent``: it is Scrapy's or Python's, and the project adds to it.
    """

    obj: Any
    label: str
    expression: str = ""
    owner: str = ""
    passing: bool = False
    value: bool = False
    lent: Literal["", "logging", "receivers"] = ""


@dataclass(slots=True)
class Root:
    """One owner and the objects it begins with.

    ``late``: no barrier, it gets what nobody before it reaches. ``passing``: what
    it holds is on its way, so suspended functions in it are owners of their own.
    ``modules``: the classes of these modules, or packages, are its own; ``package``:
    so are the modules of this one that are nobody's before.
    """

    name: str
    kind: OwnerKind
    origin: Origin = "library"
    starts: list[Start] = field(default_factory=list)
    late: bool = False
    passing: bool = False
    modules: tuple[str, ...] = ()
    package: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the process holds where the collector does not look, taken before a fork.

    ``frames`` are those of all threads, the innermost of each, ``handlers`` those
    of signals: a child has no other threads, and resets its handlers.
    """

    frames: tuple[tuple[str, FrameType], ...] = ()
    handlers: tuple[Any, ...] = ()


def roots(crawler: Any, outside: Outside, *, others: bool = True) -> Iterator[Root]:
    """Yield the owners of a process in which ``crawler`` crawls, the first first.

    Without ``others`` the other crawls of the process are none: they are held.
    """
    for provide in _PROVIDERS:
        if others or provide is not _other_crawls:
            yield from provide(crawler, outside)


def _spider(crawler: Any, _: Outside) -> Iterator[Root]:
    spider = anatomy.attribute(crawler, "spider")
    if spider is not None:
        name = redact.text(anatomy.text_attribute(spider, "name"), 60)
        cls = type(spider)
        if not name:
            name = _class_text(cls, "name") or anatomy.name(cls)
        origin = places.origin_of_class(cls)
        start = Start(spider, "spider", owner="spider")
        yield Root(f"spider {name}", "spider", origin, [start])


def _components(crawler: Any, _: Outside) -> Iterator[Root]:
    seen: set[int] = set()
    for kind, component in _all_components(crawler):
        if component is None or id(component) in seen:
            continue
        seen.add(id(component))
        cls = type(component)
        name = redact.text(anatomy.name(cls), 60)
        origin = places.origin_of_class(cls)
        yield Root(f"{kind} {name}", "component", origin, [Start(component, name)])


def _all_components(crawler: Any) -> Iterator[tuple[str, Any]]:
    yield from components.managed(crawler)
    yield "duplicate filter", components.duplicate_filter(crawler)
    handlers = components.part(crawler, "engine", "downloader", "handlers", "handlers")
    if type(handlers) is dict:
        for handler in list(dict.values(handlers)):
            yield "download handler", handler


def _project_modules(_: Any, __: Outside) -> Iterator[Root]:
    for package, files in packages(sys.modules).items():
        if _is_library(package, files):
            continue
        for name, file in files.items():
            if places.origin_of(name, file) == "project":
                module, label = sys.modules[name], redact.text(name, 80)
                own = anatomy.own_dict(module)
                yield Root(
                    f"module {label}",
                    "module",
                    "project",
                    [Start(module, label), Start(own, label)],
                    passing=True,
                    modules=(name,),
                )


def _engine_parts(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what passes requests and responses on."""
    scheduler = components.part(crawler, "engine", "slot", "scheduler")
    if scheduler is not None:
        cls = type(scheduler)
        origin = places.origin_of_class(cls)
        queues = {"mqs": "scheduler memory queue", "dqs": "scheduler disk queue"}
        for attribute, name in queues.items():
            queue = anatomy.attribute(scheduler, attribute)
            if queue is not None:
                start = Start(queue, name, f"{_SCHEDULER}.{attribute}", passing=True)
                yield Root(name, "scheduler", origin, [start], passing=True)
        label = redact.text(anatomy.name(cls), 60)
        start = Start(scheduler, label, _SCHEDULER, passing=True)
        yield Root("scheduler", "scheduler", origin, [start], passing=True)
    stats = components.part(crawler, "stats")
    if stats is not None:
        origin = places.origin_of_class(type(stats))
        label = redact.text(anatomy.name(type(stats)), 60)
        yield Root("stats collector", "stats", origin, [Start(stats, label)])
    downloader = components.part(crawler, "engine", "downloader")
    if downloader is not None:
        handlers = components.part(downloader, "handlers")
        both = [
            _passing(downloader, "downloader", "crawler.engine.downloader"),
            _passing(
                handlers, "download handlers", "crawler.engine.downloader.handlers"
            ),
        ]
        yield Root("downloader", "downloader", starts=both, passing=True)
    scraper = components.part(crawler, "engine", "scraper")
    if scraper is not None:
        slot = components.part(scraper, "slot")
        both = [
            _passing(scraper, "scraper", "crawler.engine.scraper"),
            _passing(slot, "scraper slot", "crawler.engine.scraper.slot"),
        ]
        yield Root("scraper", "scraper", starts=both, passing=True)


def _seams(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield what ties a crawl together: all would be reached through these."""
    starts = [
        _passing(components.part(crawler, "engine"), "engine", "crawler.engine"),
        _passing(
            components.part(crawler, "engine", "slot"),
            "engine slot",
            "crawler.engine.slot",
        ),
    ]
    named = {
        "crawler": (),
        "settings": ("settings",),
        "signals": ("signals",),
        "item pipelines": ("engine", "scraper", "itemproc"),
        "spider middlewares": ("engine", "scraper", "spidermw"),
        "downloader middlewares": ("engine", "downloader", "middleware"),
        "extensions": ("extensions",),
    }
    for name, path in named.items():
        written = ".".join(("crawler", *path))
        part = components.part(crawler, *path)
        starts.append(Start(part, name, written, owner="crawler"))
    own = components.part(crawler, "spider", "settings")
    starts.append(Start(own, "settings", "spider.settings", owner="spider"))
    yield Root("engine", "engine", starts=starts, passing=True)


def _pools(_: Any, __: Outside) -> Iterator[Root]:
    """Yield the thread pools that nobody of the project made."""
    starts = []
    pool = anatomy.attribute(_reactor(), "threadpool")
    if pool is not None:
        starts.append(_passing(pool, "thread pool of the reactor"))
    for loop in _loops():
        executor = anatomy.attribute(loop, "_default_executor")
        if executor is not None:
            starts.append(_passing(executor, "thread pool of the event loop"))
    if starts:
        yield Root("thread pool", "pool", "project", starts, passing=True)
    threads = sys.modules.get("concurrent.futures.thread")
    queues = anatomy.attribute(threads, "_threads_queues", "data")
    if type(queues) is dict:
        found = [
            Start(queue, "thread pool executor") for queue in list(queues.values())
        ]
        yield Root("thread pool executor", "pool", "project", found, late=True)


def _tasks(_: Any, __: Outside) -> Iterator[Root]:
    found: list[Start] = []
    for loop in _loops():
        found += [
            Start(task, "asyncio task", owner="event loop", passing=True)
            for task in _tasks_of(loop)
        ]
    yield Root("asyncio tasks", "task", starts=found, late=True, passing=True)


def _frames(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the variables of functions that run, in any thread."""
    for thread, innermost in outside.frames:
        frame: FrameType | None = innermost
        for _depth in range(200):
            if frame is None:
                break
            code = frame.f_code
            if not code.co_filename.startswith(places.PACKAGE):
                function = redact.text(places.function_name(code), 80)
                origin = places.origin_of_file(code.co_filename)
                held = [
                    Start(
                        value,
                        f"{function} › {name}",
                        f"local variable {name!r} of {function}",
                        passing=origin == "library",
                        value=True,
                    )
                    for name, value in locals_of(frame)
                    if name != "self"
                ]
                name = f"running function {function}"
                if thread != "MainThread":
                    name += f" (thread {redact.text(thread, 40)})"
                yield Root(name, "function", origin, held, late=True)
            frame = frame.f_back


def _timers(_: Any, __: Outside) -> Iterator[Root]:
    reactor = _reactor()
    machines = [
        _passing(reactor, "reactor"),
        *(_passing(loop, "event loop") for loop in _loops()),
    ]
    cooperator = anatomy.attribute(
        sys.modules.get("twisted.internet.task"), "_theCooperator"
    )
    machines.append(_passing(cooperator, "cooperator"))
    yield Root("reactor and event loop", "timer", starts=machines, passing=True)


def _signal_receivers(_: Any, __: Outside) -> Iterator[Root]:
    module = sys.modules.get("pydispatch.dispatcher")
    tables = [
        Start(anatomy.attribute(module, name), "signal receivers", lent="receivers")
        for name in ("connections", "senders", "sendersBack")
    ]
    yield Root("signal receivers", "engine", starts=tables, late=True)


def _handlers_of_project(_: Any, __: Outside) -> Iterator[Root]:
    return _handlers("project", "component")


def _handlers(wanted: Origin, kind: OwnerKind) -> Iterator[Root]:
    for handler in _logging_handlers():
        name = redact.text(anatomy.name(type(handler)), 60)
        origin = places.origin_of_class(type(handler))
        if origin == wanted:
            start = Start(handler, name, owner="logging handler", lent="logging")
            yield Root(f"logging handler {name}", kind, origin, [start])


def _logging(_: Any, __: Outside) -> Iterator[Root]:
    yield from _handlers("library", "logging")
    manager = anatomy.attribute(logging.root, "manager")
    if manager is None:
        manager = logging.Logger.manager
    found = [
        Start(
            anatomy.attribute(manager, "loggerDict"),
            "logging.Logger.manager.loggerDict",
        ),
        Start(logging.root, "logging.root"),
    ]
    yield Root("logging", "logging", starts=found)


def _process(_: Any, outside: Outside) -> Iterator[Root]:
    handlers = [Start(each, "signal handler") for each in outside.handlers if each]
    yield Root("signal handlers", "process", starts=handlers, late=True)
    values = [
        Start(
            value,
            f"context variable {name}",
            f"context variable {name!r}",
            value=True,
        )
        for variable, value in copy_context().items()
        for name in [redact.text(variable.name, 60)]
    ]
    yield Root("current context", "process", starts=values, late=True)


def _other_crawls(crawler: Any, _: Outside) -> Iterator[Root]:
    """Yield the crawls beside this one, and those that ended and stayed."""
    own = anatomy.attribute(crawler, "spider")
    spiders = [
        spider
        for cls, table in list(trackref.live_refs.items())
        if any(base is Spider for base in anatomy.mro(cls))
        for spider in list(table)
        if spider is not own
    ]
    for spider in spiders:
        label = redact.text(anatomy.name(type(spider)), 60)
        other = anatomy.attribute(spider, "crawler")
        parts = [
            Start(spider, label, "spider", owner="spider"),
            Start(other, f"crawler of {label}", "crawler", owner="crawler"),
            Start(
                components.part(other, "engine"),
                f"engine of {label}",
                "crawler.engine",
                owner="engine",
            ),
        ]
        yield Root(f"another crawl's {label}", "crawl", starts=parts, passing=True)


def _library_modules(_: Any, __: Outside) -> Iterator[Root]:
    """Yield each package; its modules are one owner."""
    for package, files in packages(sys.modules).items():
        homes = [package]
        if not _is_library(package, files):
            homes = [n for n in files if places.origin_of(n, files[n]) == "library"]
        if homes:
            name = f"package {redact.text(package, 80)}"
            modules = tuple(homes)
            yield Root(name, "code", "library", modules=modules, package=package)


def _passing(obj: Any, label: str, expression: str = "") -> Start:
    return Start(obj, label, expression, owner=label, passing=True)


_SCHEDULER = "crawler.engine.scheduler"
_PROVIDERS: tuple[Callable[[Any, Outside], Iterator[Root]], ...] = (
    _spider,
    _components,
    _handlers_of_project,
    _project_modules,
    _engine_parts,
    _pools,
    _tasks,
    _frames,
    _timers,
    _signal_receivers,
    _logging,
    _process,
    _other_crawls,
    _seams,
    _library_modules,
)
"""In the order in which the owners are walked."""


def _is_library(package: str, files: dict[str, str | None]) -> bool:
    """Tell whether all of a package is; one without a file has parts anywhere."""
    if package == "scrapy_leakwatch":
        return True
    file = files.get(package)
    if file is None:
        inside = anatomy.attribute(sys.modules.get(package), "__path__")
        return len(files) == 1 and inside is None and package != "__main__"
    return places.origin_of_file(file) == "library"


def _reactor() -> Any:
    return anatomy.attribute(sys.modules.get("twisted.internet"), "reactor")


def _loops() -> list[Any]:
    """Return asyncio's event loops: that of Twisted's reactor and the running one."""
    found = [anatomy.attribute(_reactor(), "_asyncioEventloop")]
    found.append(asyncio._get_running_loop())
    unique = {id(loop): loop for loop in found if loop is not None}
    return list(unique.values())


def _tasks_of(loop: Any) -> list[Any]:
    try:
        return list(asyncio.all_tasks(loop))
    except RuntimeError:  # the weak set changed while it was read, again and again
        return []


def _logging_handlers() -> list[Any]:
    manager = logging.Logger.manager
    loggers = [logging.root, *list(manager.loggerDict.values())]
    found: dict[int, Any] = {}
    for logger in loggers:
        handlers = anatomy.attribute(logger, "handlers")
        if type(handlers) is list:
            found |= {id(handler): handler for handler in handlers}
    return list(found.values())


def _class_text(cls: type, name: str) -> str:
    for base in anatomy.mro(cls):
        found = anatomy.namespace(base).get(name)
        if type(found) is str:
            return redact.text(found, 60)
    return ""


def locals_of(frame: FrameType) -> list[tuple[str, Any]]:
    """Return the variables of a function's frame.

    Those of a class body may be any mapping, of a module its globals.
    """
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return []
    return list(frame.f_locals.items())
