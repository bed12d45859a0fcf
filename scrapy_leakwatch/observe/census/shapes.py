"""Says of a class what its instances are to the census, once for each class."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from types import MemberDescriptorType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.foundation import anatomy, places, redact

if TYPE_CHECKING:
    from collections.abc import Callable

Sort = Literal["other", "container", "tuple", "cache", "method", "class", "object"]
"""``cache``: of `functools.lru_cache`. ``method``: a wrapper that a class has."""

MOST_CLASSES = 5_000

_CONTAINERS: dict[type | None, Callable[[Any], int]] = {
    dict: dict.__len__,
    list: list.__len__,
    set: set.__len__,
    deque: deque.__len__,
}
_MAXSIZE, _CURRSIZE = 1, 3
"""Places in what `functools.lru_cache` tells of a cache."""

_MAXLEN = deque.__dict__["maxlen"]
_KNOWN: dict[int, Sort] = {
    id(_lru_cache_wrapper): "cache",
    id(staticmethod): "method",
    id(classmethod): "method",
}
_OWN_PACKAGE = __name__.partition(".")[0]
LIBRARIES = frozenset({_OWN_PACKAGE, "scrapy", "twisted", *sys.stdlib_module_names}) - {
    "__main__"
}
"""Packages that are never the project's."""

_CLOSED = frozenset(
    [
        "scrapy.crawler.Crawler",
        "scrapy.crawler.CrawlerRunnerBase",
        "scrapy.crawler.CrawlerRunner",
        "scrapy.core.downloader.Downloader",
        "scrapy.core.engine.ExecutionEngine",
        "scrapy.core.scheduler.BaseScheduler",
        "scrapy.core.scraper.Scraper",
        "scrapy.settings.BaseSettings",
        "scrapy.statscollectors.StatsCollector",
        "scrapy.utils.trackref.object_ref",
    ]
)
"""What the ledger counts, and what trackref does: the census stays out."""

_WRAPPERS = frozenset(
    [
        "asyncio.queues.Queue",
        "collections.ChainMap",
        "collections.UserDict",
        "collections.UserList",
        "http.cookiejar.CookieJar",
        "queue.Queue",
        "scrapy.http.cookies.CookieJar",
    ]
)
"""Classes that are no more than a container in an attribute."""

_FRAMEWORK = {
    "scrapy.dupefilters.RFPDupeFilter": ("fingerprints", "_fingerprints"),
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": ("jars",),
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": ("domains_seen",),
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": ("_parsers",),
    "scrapy.spidermiddlewares.offsite.OffsiteMiddleware": ("domains_seen",),
}
"""What Scrapy fills, also where the class that has it is the project's."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How to read the instances of one class without running its code.

    ``length`` counts the entries of a ``base``, which is a builtin container.
    ``slots`` are names with the place in the class's resolution order where
    their descriptor is; ``has_dict`` tells that ``__dict__`` is no Python code.
    ``family`` are the modules of all that the class inherits, ``framework``
    the attributes that Scrapy fills. A ``wrapper`` is no more than a container
    in an attribute.
    """

    sort: Sort
    name: str
    module: str
    ours: bool
    wrapper: bool
    ref: weakref.ref[type] | None
    base: type | None = None
    length: Callable[[Any], int] | None = None
    slots: tuple[tuple[int, str], ...] = ()
    has_dict: bool = False
    family: frozenset[str] = frozenset()
    framework: frozenset[str] = frozenset()

    def is_bounded(self, obj: Any) -> bool:
        """Tell whether the container ``obj`` has a bound of its own."""
        if self.base is deque:
            return _MAXLEN.__get__(obj) is not None
        return self.sort == "cache" and _told(obj)[_MAXSIZE] is not None

    def may_enter(self, value: Shape) -> bool:
        """Tell whether to look into such a ``value`` of an attribute of this.

        Into the project's own objects, and into the helpers that a library's
        component has in its own module.
        """
        if value.sort != "object":
            return False
        return value.ours or value.wrapper or value.module in self.family

    def table_of(self, obj: Any) -> dict[Any, Any] | None:
        """Return the ``__dict__`` of ``obj``, None where it has none."""
        if not self.has_dict:
            return None
        try:
            found = object.__getattribute__(obj, "__dict__")
        except AttributeError:
            return None
        return found if type(found) is dict or anatomy.is_a(found, dict) else None

    def slot_of(self, obj: Any, number: int) -> Any:
        """Return the value of one of the ``slots``, None where it was never set."""
        at, name = self.slots[number]
        descriptor: Any = anatomy.namespace(anatomy.mro(type(obj))[at]).get(name)
        if type(descriptor) is not MemberDescriptorType:
            return None
        try:
            return descriptor.__get__(obj)
        except (AttributeError, TypeError, SystemError):
            return None


class Shapes:
    """The shapes of the classes met so far; refers to classes only weakly.

    ``packages`` are the project's, wherever they are installed. ``plain`` are
    the identities of builtin classes that never lead to a container,
    ``learned`` counts the classes that were looked at.
    """

    def __init__(self, packages: frozenset[str] = frozenset()) -> None:
        self.packages = packages
        self.plain: set[int] = set()
        self.learned = 0
        self._known: dict[int, Shape] = {}

    def of(self, obj: object) -> Shape:
        """Return the shape of ``obj``."""
        cls = type(obj)
        known = self._known.get(id(cls))
        if known is not None and (known.ref is None or known.ref() is cls):
            return known
        return self._learn(cls)

    def is_ours(self, cls: type) -> bool:
        """Tell whether ``cls`` is defined in the project."""
        package = anatomy.module(cls).partition(".")[0]
        if package in self.packages:
            return True
        # To find out where a file is asks the file system.
        return package not in LIBRARIES and places.origin_of_class(cls) == "project"

    def _learn(self, cls: type) -> Shape:
        if len(self._known) >= MOST_CLASSES:
            self._known.clear()
        shape = self._known[id(cls)] = _shape(cls, self.is_ours(cls))
        self.learned += 1
        if shape.sort == "other" and shape.ref is None:
            self.plain.add(id(cls))
        return shape


def _told(cache: Any) -> Any:
    return _lru_cache_wrapper.cache_info(cache)


def _cached(cache: Any) -> int:
    entries: int = _told(cache)[_CURRSIZE]
    return entries


def _shape(cls: type, ours: bool) -> Shape:
    order = anatomy.mro(cls)
    modules = [anatomy.module(base) for base in order]
    paths = {
        f"{module}.{anatomy.qualname(base)}"
        for module, base in zip(modules, order, strict=True)
        if base is not object
    }
    sort, base = _sort(cls, order, paths)
    is_heap = bool(_flags(cls) & _HEAP_TYPE)
    has_attributes = is_heap and sort in {"object", "other"}
    return Shape(
        sort=sort,
        name="lru_cache" if sort == "cache" else redact.text(anatomy.name(cls), 60),
        module=modules[0],
        ours=ours,
        wrapper=not paths.isdisjoint(_WRAPPERS),
        ref=weakref.ref(cls) if is_heap else None,
        base=base,
        length=_cached if sort == "cache" else _CONTAINERS.get(base),
        slots=_slots(order) if has_attributes else (),
        has_dict=has_attributes and _has_dict(order),
        family=frozenset(modules) - {"builtins"},
        framework=frozenset().union(*(_FRAMEWORK.get(path, ()) for path in paths)),
    )


def _sort(
    cls: type, order: tuple[type, ...], paths: set[str]
) -> tuple[Sort, type | None]:
    """Return what the instances are, and the builtin they are measured as."""
    known = _KNOWN.get(id(cls))
    if known is not None:
        return known, None
    if not paths.isdisjoint(_CLOSED) or any(map(_is_own, order)):
        return "other", None
    if any(base is type for base in order):
        return "class", None
    if any(base is tuple for base in order):
        return "tuple", tuple
    for base in _CONTAINERS:
        if any(each is base for each in order) and _inherits_length(order):
            return "container", base
    return ("object" if _flags(cls) & _HEAP_TYPE else "other"), None


def _inherits_length(order: tuple[type, ...]) -> bool:
    """Tell whether ``len`` of an instance is the builtin's, not Python code."""
    for cls in order:
        found = anatomy.namespace(cls).get("__len__")
        if found is not None:
            return type(found) is WrapperDescriptorType
    return False


def _is_own(cls: type) -> bool:
    return anatomy.module(cls).partition(".")[0] == _OWN_PACKAGE


def _slots(order: tuple[type, ...]) -> tuple[tuple[int, str], ...]:
    return tuple(
        (number, name)
        for number, cls in enumerate(order)
        if cls is not object
        for name, found in list(anatomy.namespace(cls).items())
        if type(found) is MemberDescriptorType and type(name) is str
    )


def _has_dict(order: tuple[type, ...]) -> bool:
    """Tell whether the first ``__dict__`` of the classes is of the C level."""
    for cls in order:
        found = anatomy.namespace(cls).get("__dict__")
        if found is not None:
            return anatomy.reads_own_dict(found)
    return False


def _flags(cls: type) -> int:
    flags: int = _FLAGS.__get__(cls)
    return flags


_FLAGS = type.__dict__["__flags__"]
_HEAP_TYPE = 1 << 9
