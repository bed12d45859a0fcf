"""What a crawl took and did not give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from scrapy_leakwatch.records.observed import Origin

ComponentKind = Literal[
    "spider",
    "item pipeline",
    "spider middleware",
    "downloader middleware",
    "download handler",
    "extension",
    "scheduler",
    "duplicate filter",
]
"""What a component of a crawl is, in the words of a report."""


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """What can be taken: how it is called, and how it is given back, in words.

    ``did`` is what a component did to take one, such as ``started``, ``since`` what
    the thing does since then, such as ``still runs``. ``release`` is what to call, with
    ``{}`` for the attribute that has it, ``release_unkept`` what to do without one.
    ``pins``: it keeps its component alive, and with that the crawler.
    ``named_alone``: the name of one says its kind, such as ``TCP port 80``.
    """

    name: str
    did: str
    since: str
    release: str
    release_unkept: str
    pins: bool = False
    named_alone: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """Something taken during a crawl that is still there after it.

    ``what`` says which one, such as ``Poller.poll every 5 s``. ``owner`` is the
    component in words, such as ``extension Poller``, of the ``owner_kind``,
    ``method`` where it took the thing, empty where that is not known. ``attribute``
    is the component's attribute that leads to it, if one does, such as ``loop``,
    ``has`` the class of what that attribute has, ``closer`` the call that ends that,
    if one is known; ``nested``: the thing is inside that. ``location`` is
    ``file:line``; it and ``code`` are only ``likely`` where several such lines may be
    meant. ``sure``: it belongs to this crawl's component and to no other; without it
    only the source says so. ``remaining_s`` is when a timer runs out by itself.
    """

    kind: ResourceKind
    what: str
    owner: str
    owner_kind: ComponentKind
    class_path: str
    origin: Origin
    method: str = ""
    attribute: str = ""
    has: str = ""
    closer: str = ""
    nested: bool = False
    location: str | None = None
    code: str | None = None
    likely: bool = False
    sure: bool = True
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What of one kind a crawl has by now that was not there before it.

    ``alive`` of them nobody bounds; ``pooled`` are those of a few pools, which do.
    ``looked_at`` of the former were asked whose they are, and ``owned`` have an owner.
    """

    alive: int
    pooled: int
    looked_at: int
    owned: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Survivors:
    """The crawlers of ended crawls that are still alive.

    ``count`` of those that ran one after another, of ``ended`` crawls of the
    process in all. ``series`` has that count at the end of each, oldest first.
    """

    count: int
    ended: int
    series: tuple[int, ...]
