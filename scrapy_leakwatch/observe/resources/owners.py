"""The components of a crawl, which may own what is left after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.internals import components, paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import ComponentKind

FRAMEWORK = ("scrapy.", "scrapy_leakwatch.", "twisted.")
"""What Scrapy's own components keep, they keep on purpose."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A component; never leaves the process."""

    kind: ComponentKind
    instance: Any

    @property
    def cls(self) -> type:
        """Its class."""
        return type(self.instance)

    @property
    def name(self) -> str:
        """What a report calls it."""
        name = redact.text(anatomy.name(self.cls))
        return f"{self.kind} {name}"


def owners(crawler: Any) -> tuple[Owner, ...]:
    """Return the components of a crawl that are not Scrapy's, each once."""
    found = {id(each.instance): each for each in _all(crawler) if _may_own(each)}
    return tuple(found.values())


def starters(crawler: Any) -> tuple[Owner, ...]:
    """Return those that may have started a process: also the download handlers.

    They keep what they have until the engine stops, and are not asked for it then.
    """
    handlers = (
        Owner("download handler", each)
        for each in components.download_handlers(crawler)
    )
    found = {id(each.instance): each for each in handlers if _may_own(each)}
    return (*owners(crawler), *found.values())


def _all(crawler: Any) -> Iterator[Owner]:
    spider = anatomy.attribute(crawler, "spider")
    if spider is not None:
        yield Owner("spider", spider)
    for kind, component in components.managed(crawler):
        yield Owner(kind, component)
    scheduler = paths.follow(crawler, paths.SCHEDULER)
    if scheduler is not None:
        yield Owner("scheduler", scheduler)
    duplicate_filter = components.duplicate_filter(crawler)
    if duplicate_filter is not None:
        yield Owner("duplicate filter", duplicate_filter)


def _may_own(owner: Owner) -> bool:
    return not f"{anatomy.module(owner.cls)}.".startswith(FRAMEWORK)
