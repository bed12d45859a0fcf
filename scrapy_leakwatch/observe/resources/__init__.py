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
from scrapy_leakwatch.observe.resources import files, hooks, network, timers, workers
from scrapy_leakwatch.observe.resources.attribution import Attribution, resource
from scrapy_leakwatch.observe.resources.closing import closing
from scrapy_leakwatch.observe.resources.owners import Owner, owners
from scrapy_leakwatch.observe.resources.reach import Reach
from scrapy_leakwatch.observe.resources.taking import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.resources.found import Found
    from scrapy_leakwatch.records import Resource

__all__ = ["Before", "Owner", "before", "left", "owners"]


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


def left(
    crawler: Crawler, components: tuple[Owner, ...], earlier: Before
) -> tuple[Resource, ...]:
    """Return what the components of a crawl that has closed still have."""
    reach, sources = Reach(components), Sources()
    attribution = Attribution(components, reach, sources, _rivals(crawler))
    found: dict[int, Resource] = {}
    try:
        busy = closing(crawler, components, sources, signals.engine_stopped)
        for each in chain(_alive(reach), _made(components, sources)):
            claim = attribution.claim(each, before=earlier.has(each))
            if claim is not None and id(claim.owner.instance) not in busy:
                found.setdefault(id(each.thing), resource(each, claim))
    finally:
        lines.forget()
    return tuple(found.values())


def _alive(reach: Reach | None) -> Iterator[Found]:
    yield from timers.found(reach)
    yield from network.found()
    yield from workers.found(reach)
    yield from hooks.found()
    if reach is not None:
        yield from files.found(reach)


def _made(components: tuple[Owner, ...], sources: Sources) -> Iterator[Found]:
    for owner in components:
        yield from files.made(owner, sources.calls(owner.cls))


def _rivals(crawler: Crawler) -> frozenset[type]:
    """Return the classes that other open crawls of the process have, too."""
    return frozenset(
        owner.cls
        for engine in open_engines(crawler)
        if engine.crawler is not crawler
        for owner in owners(engine.crawler)
    )
