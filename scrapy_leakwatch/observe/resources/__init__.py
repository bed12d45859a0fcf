"""What a crawl took and did not give back, whose it is and where it was taken.

`kinds` has a file for each kind of resource, which finds those that are alive;
`event_loops` and `descriptors` help several of them. `reach` is what hangs on the
components, `calls` are those in their source, and `attribution` puts the three
together. Nothing there runs the crawl's code.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import signals

from scrapy_leakwatch.foundation import anatomy, lines
from scrapy_leakwatch.internals.crawlers import open_crawlers
from scrapy_leakwatch.observe.resources import visible
from scrapy_leakwatch.observe.resources.attribution import Attribution, resource
from scrapy_leakwatch.observe.resources.calls import Sources
from scrapy_leakwatch.observe.resources.closing import closing
from scrapy_leakwatch.observe.resources.descriptors import descriptors
from scrapy_leakwatch.observe.resources.kinds import KINDS, child_process
from scrapy_leakwatch.observe.resources.naming import code_of
from scrapy_leakwatch.observe.resources.owners import Owner, owners, starters
from scrapy_leakwatch.observe.resources.reach import Reach
from scrapy_leakwatch.records import Taken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.resources.attribution import Claim
    from scrapy_leakwatch.observe.resources.kinds import Live
    from scrapy_leakwatch.records import Resource

MOST_CLAIMED = 32
"""Of one kind that are asked whose they are while the crawl runs."""
MOST_POOLS = 16
"""A crawl has no more; each has a bound for what is in it."""

__all__ = ["Before", "Owner", "Search", "before", "owners", "starters"]


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a crawl, by identity; it keeps nothing alive.

    What has ended since may have left its place to another: where a class has weak
    references they tell the two apart.
    """

    things: dict[int, weakref.ref[Any] | None]
    descriptors: frozenset[tuple[int, str]]

    def has(self, live: Live) -> bool:
        """Tell whether ``live`` was there."""
        known = id(live.thing)
        if known in self.things:
            there = self.things[known]
            if there is None or there() is live.thing:
                return True
        return live.descriptor in self.descriptors


def before() -> Before:
    """Return what is there before a crawl takes anything."""
    things = {id(live.thing): _weakly(live.thing) for live in _alive(Reach())}
    return Before(things, descriptors())


def _weakly(thing: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(thing)
    except TypeError:  # a class without weak references
        return None


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
        unclaimed = []
        for live in _alive(reach):
            before = self._earlier.has(live)
            claim = attribution.claim(live, before=before)
            if claim is not None:
                claims.setdefault(id(live.thing), (live, claim))
            elif not before and live.pool is None:
                unclaimed.append(live)
        known = {_likeness(live): claim for live, claim in claims.values()}
        for live in unclaimed:
            like = known.get(_likeness(live))
            claim = None if like is None else attribution.alike(live, like)
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

    def taken(self, counted_as: str) -> Taken:
        """Return what of one kind the crawl has by now, and whose some of it are.

        ``counted_as`` is a field of `ResourceCounts`.
        """
        reach, attribution = self._own()
        lives = [
            live
            for kind in KINDS
            if kind.counted_as == counted_as
            for live in kind.find(reach)
            if not self._earlier.has(live)
        ]
        pools = {id(live.pool) for live in lives if live.pool is not None}
        if len(pools) > MOST_POOLS:  # then it is they that pile up
            return Taken(len(lives), 0, 0, ())
        alive = [live for live in lives if live.pool is None]
        looked_at = alive[:: len(alive) // MOST_CLAIMED + 1]
        claims = [(live, attribution.claim(live, before=False)) for live in looked_at]
        return Taken(
            alive=len(alive),
            pooled=len(lives) - len(alive),
            looked_at=len(looked_at),
            owned=tuple(resource(live, claim) for live, claim in claims if claim),
        )

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
        if not kind.ends_with_crawl:
            yield from kind.find(reach)


def _likeness(live: Live) -> tuple[str, ...]:
    """Return what one has in common with others that the same line took."""
    codes = (code_of(use) for use in live.uses)
    functions = [f"{code.co_filename}:{code.co_firstlineno}" for code in codes if code]
    types = [anatomy.path(type(each)) for each in (live.thing, *live.uses)]
    return (live.kind.record.name, *types, *functions)


def _others(crawler: Crawler) -> tuple[Owner, ...]:
    """Return the components of the other open crawls; one may be of this, too."""
    return tuple(
        owner
        for other in open_crawlers()
        if other is not crawler
        for owner in owners(other)
    )


def _rivals(others: tuple[Owner, ...]) -> tuple[type, ...]:
    """Return the classes of other crawls, with their bases in the project."""
    return tuple(base for owner in others for base in visible.family(owner.cls))
