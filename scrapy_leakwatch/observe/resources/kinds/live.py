"""A resource that is alive, and what a kind of them is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scrapy_leakwatch.observe.resources.reach import Reach
    from scrapy_leakwatch.records import ResourceKind


@dataclass(frozen=True, slots=True)
class LiveKind:
    """How resources of one kind are found, and by which calls they are taken.

    ``record`` has the words for a verdict and how one is given back. ``find`` yields
    those that the process has and those that hang on the components of a `Reach`,
    which has none before a crawl. ``taken_by`` are the names of the calls in source
    that take one. ``classes`` are the paths of its class and of those right around
    it, such as ``_io.TextIOWrapper``: what a module may have in a global. ``closers``
    say what ends that which a component may keep instead of it, such as a pool, by
    the name of its class.

    ``counted_as`` is the field of `ResourceCounts` that has their number, if one has.
    ``ends_with_crawl``: what a crawl has of it is given back at its end in any case.
    ``told_by_hints``: where nothing else leads to an owner, a call in source that has
    one of the hints does. ``all_hints``: a call has to have each of them.
    """

    record: ResourceKind
    find: Callable[[Reach], Iterator[Live]]
    taken_by: frozenset[str]
    classes: frozenset[str] = frozenset()
    closers: Mapping[str, str] = field(default_factory=dict)
    counted_as: str = ""
    ends_with_crawl: bool = False
    told_by_hints: bool = False
    all_hints: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A live resource; never leaves the process, nor the turn it was found in.

    ``uses`` are the callables and objects that it will call or serve,
    ``hints`` the names by which the source speaks of them. ``descriptor`` is the
    number and name of an open file or socket. ``attribute`` is the one that has only
    the name of the thing, such as a path, and is then all that leads to it. ``pool``
    is what has a bound for things of this kind, such as an executor for its threads.
    ``place`` is the file and the line that was given it, where no line took it.
    """

    kind: LiveKind
    thing: Any
    what: str
    uses: tuple[Any, ...] = ()
    hints: frozenset[str] = frozenset()
    remaining_s: float | None = None
    descriptor: tuple[int, str] | None = None
    attribute: str = ""
    pool: Any = None
    place: tuple[str, int] | None = None
