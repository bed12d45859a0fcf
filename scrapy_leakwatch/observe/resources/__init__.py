"""What a crawl took and did not give back, whose it is and where it was taken.

`timers`, `network`, `workers`, `files` and `hooks` find what is alive, `reach`
what hangs on the components, `taking` the calls in their source, and
`attribution` puts the three together. Nothing there runs the crawl's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from scrapy import signals

from scrapy_leakwatch import lines
from scrapy_leakwatch.observe.ledger import open_engines
from scrapy_leakwatch.observe.resources import (
    files,
    hooks,
    network,
    timers,
    visible,
    workers,
)
from scrapy_leakwatch.observe.resources.attribution import Attribution, resource
from scrapy_leakwatch.observe.resources.closing import closing
from scrapy_leakwatch.observe.resources.owners import Owner, owners
from scrapy_leakwatch.observe.resources.reach import Reach
from scrapy_leakwatch.observe.resources.taking import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.resources.attribution import Claim
    from scrapy_leakwatch.observe.resources.found import Found
    from scrapy_leakwatch.records import Resource

__all__ = ["Before", "Owner", "Search", "before", "owners"]


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a crawl, by identity; it keeps nothing alive."""

    things: frozenset[int]
    descriptors: frozenset[tuple[int, str]]

    def has(self, found: Found) -> bool:
        """Tell whether ``found`` was there."""
        descriptor = files.descriptor_of(found.thing)
        return id(found.thing) in self.things or descriptor in self.descriptors


def before() -> Before:
    """Look at what is there before a crawl takes anything."""
    return Before(
        frozenset(id(found.thing) for found in _alive(None)), files.descriptors()
    )


class Search:
    """Looks for what the components of a crawl that has closed still have."""

    def __init__(
        self, crawler: Crawler, components: tuple[Owner, ...], earlier: Before
    ) -> None:
        self._crawler = crawler
        self._components = components
        self._earlier = earlier
        self._sources = Sources()

    def left(self) -> tuple[Resource, ...]:
        """Return what is there now; to be asked again before anybody is accused."""
        others = _others(self._crawler)
        shared = {id(other.instance) for other in others}
        own = tuple(
            each for each in self._components if id(each.instance) not in shared
        )
        reach = Reach(own)
        attribution = Attribution(own, reach, self._sources, _rivals(others))
        claims: dict[int, tuple[Found, Claim]] = {}
        for found in chain(_alive(reach), files.made(own)):
            claim = attribution.claim(found, before=self._earlier.has(found))
            if claim is not None:
                claims.setdefault(id(found.thing), (found, claim))
        busy = self._busy() if claims else frozenset()
        return tuple(
            resource(found, claim)
            for found, claim in claims.values()
            if id(claim.owner.instance) not in busy
        )

    def _busy(self) -> frozenset[int]:
        return closing(
            self._crawler, self._components, self._sources, signals.engine_stopped
        )

    def end(self) -> None:
        """Let go of the sources that were read."""
        self._sources = Sources()
        lines.forget()


def _alive(reach: Reach | None) -> Iterator[Found]:
    yield from timers.found(reach)
    yield from network.found()
    yield from workers.found(reach)
    yield from hooks.found()
    if reach is not None:
        yield from files.found(reach)


def _others(crawler: Crawler) -> tuple[Owner, ...]:
    """Return the components of the other open crawls; one may be of this, too."""
    return tuple(
        owner
        for engine in open_engines(crawler)
        if engine.crawler is not crawler
        for owner in owners(engine.crawler)
    )


def _rivals(others: tuple[Owner, ...]) -> tuple[type, ...]:
    """Return the classes of other crawls, with their bases in the project."""
    return tuple(base for owner in others for base in visible.family(owner.cls))
