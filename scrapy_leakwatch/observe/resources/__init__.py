"""What a crawl took and did not give back, whose it is and where it was taken.

`kinds` has a file for each kind of resource, which finds those that are alive;
`event_loops` and `descriptors` help several of them. `reach` is what hangs on the
components, `calls` are those in their source, and `attribution` puts the three
together. Nothing there runs the crawl's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import signals

from scrapy_leakwatch.foundation import lines
from scrapy_leakwatch.observe.ledger import open_engines
from scrapy_leakwatch.observe.resources import visible
from scrapy_leakwatch.observe.resources.attribution import Attribution, resource
from scrapy_leakwatch.observe.resources.calls import Sources
from scrapy_leakwatch.observe.resources.closing import closing
from scrapy_leakwatch.observe.resources.descriptors import descriptors
from scrapy_leakwatch.observe.resources.kinds import KINDS, child_process
from scrapy_leakwatch.observe.resources.owners import Owner, owners, starters
from scrapy_leakwatch.observe.resources.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.resources.attribution import Claim
    from scrapy_leakwatch.observe.resources.kinds import Live
    from scrapy_leakwatch.records import Resource

__all__ = ["Before", "Owner", "Search", "before", "owners", "starters"]


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a crawl, by identity; it keeps nothing alive."""

    things: frozenset[int]
    descriptors: frozenset[tuple[int, str]]

    def has(self, live: Live) -> bool:
        """Tell whether ``live`` was there."""
        return id(live.thing) in self.things or live.descriptor in self.descriptors


def before() -> Before:
    """Return what is there before a crawl takes anything."""
    things = frozenset(id(live.thing) for live in _alive(Reach()))
    return Before(things, descriptors())


class Search:
    """Finds what the components of a crawl have: of one that has closed, still."""

    def __init__(
        self, crawler: Crawler, components: tuple[Owner, ...], earlier: Before
    ) -> None:
        self._crawler = crawler
        self._components = components
        self._earlier = earlier
        self._sources = Sources()

    def left(self) -> tuple[Resource, ...]:
        """Return what is there now; to be asked again before anybody is accused."""
        reach, attribution = self._own()
        claims: dict[int, tuple[Live, Claim]] = {}
        for live in _alive(reach):
            claim = attribution.claim(live, before=self._earlier.has(live))
            if claim is not None:
                claims.setdefault(id(live.thing), (live, claim))
        busy = self._busy() if claims else frozenset()
        return tuple(
            resource(live, claim)
            for live, claim in claims.values()
            if id(claim.owner.instance) not in busy
        )

    def starter(self, pids: Collection[int]) -> Resource | None:
        """Return who started one of some child processes, None where nobody knows."""
        reach, attribution = self._own()
        for live in child_process.KIND.find(reach):
            if child_process.pid_of(live) in pids:
                claim = attribution.claim(live, before=self._earlier.has(live))
                claim = claim or attribution.kept(live)
                if claim is not None:
                    return resource(live, claim)
        return None

    def _own(self) -> tuple[Reach, Attribution]:
        """Return what hangs on the components that no other crawl has."""
        others = _others(self._crawler)
        shared = {id(other.instance) for other in others}
        own = tuple(
            each for each in self._components if id(each.instance) not in shared
        )
        reach = Reach(own)
        return reach, Attribution(own, reach, self._sources, _rivals(others))

    def _busy(self) -> frozenset[int]:
        return closing(
            self._crawler, self._components, self._sources, signals.engine_stopped
        )

    def end(self) -> None:
        """Let go of the sources that were read."""
        self._sources = Sources()
        lines.forget()


def _alive(reach: Reach) -> Iterator[Live]:
    for kind in KINDS:
        yield from kind.find(reach)


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
