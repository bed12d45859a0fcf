"""Counts what trackref can't see: the containers that a project keeps.

To find them is a walk, which is spread over the samples; to measure those that
are known takes a length each. They are known by the route to them, no more.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.observe.census import owners
from scrapy_leakwatch.observe.census.discovery import Discovery, Round
from scrapy_leakwatch.observe.census.measuring import Measuring
from scrapy_leakwatch.observe.census.shapes import Shapes
from scrapy_leakwatch.records import Container

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.census.routes import Child, Route
    from scrapy_leakwatch.observe.census.shapes import Shape

MOST_TOLD = 50
MOST_IN_TURN = 25
MOST_KNOWN = 200
MOST_YOUNG = 100
"""So many of the growing and the largest are remembered, and so many more of
those found last, until they had time to grow."""

FIRST_STEPS = 4_000
USUAL_STEPS = 800
"""For the walk in one look: until each owner had a turn, and from then on."""

BETWEEN_WALKS_S = 0.2

NEAR_PART = 0.6
"""Of the steps, for the spider, the components and their classes. The modules
get the rest, and what is left."""

UNKNOWN = sys.maxsize


@dataclass(slots=True, eq=False)
class _Known:
    """A container by the route to it, with its lengths at first and at last."""

    name: str
    route: Route
    type: str = ""
    first: int = UNKNOWN
    length: int = 0
    bounded: bool = False

    def rank(self) -> tuple[bool, int]:
        return self.length > self.first, self.length

    def measure(self, obj: Any, shape: Shape) -> None:
        if shape.length is not None:
            self.length = shape.length(obj)
            self.first = min(self.first, self.length)
            self.type, self.bounded = shape.name, shape.is_bounded(obj)


class Census:
    """The containers of one crawl that have ``least`` entries or more."""

    def __init__(self, crawler: Crawler, least: int) -> None:
        self._crawler = crawler
        self._least = least
        self._worth_knowing = least // 2
        self._shapes = Shapes()
        self._known: dict[str, _Known] = {}
        self._ranked: list[_Known] = []
        self._turn = 0
        self._near = Round()
        self._far = Round()
        self._owners: list[Route] = []
        self._named: object = None
        self._modules: list[Route] = []
        self._imported = 0
        self._walk_due = 0.0

    def take(self) -> tuple[Container, ...]:
        """Return the growing and the largest containers, the largest first."""
        look = Measuring(self._crawler, self._shapes)
        for known in self._due():
            self._measure(look, known)
        self._discover(look)
        self._ranked = sorted(self._known.values(), key=_Known.rank, reverse=True)
        self._forget()
        told = [each for each in self._ranked if each.length >= self._least]
        told = sorted(told[:MOST_TOLD], key=lambda each: -each.length)
        return tuple(map(_record, told))

    def container(self, name: str) -> tuple[Any, ...] | None:
        """Return the container called ``name``, last, after what leads to it.

        The first is its owner; of a module these are the globals.
        """
        known = self._known.get(name)
        if known is None:
            return None
        look = Measuring(self._crawler, self._shapes)
        trail = look.trail(known.route)
        return None if any(obj is None for obj in trail) else trail

    def _due(self) -> list[_Known]:
        """Return those that might be told, and some of the others in turn."""
        others = self._ranked[MOST_TOLD:]
        self._turn = self._turn + MOST_IN_TURN if self._turn < len(others) else 0
        in_turn = others[self._turn : self._turn + MOST_IN_TURN]
        return self._ranked[:MOST_TOLD] + in_turn

    def _measure(self, look: Measuring, known: _Known) -> None:
        obj = look.at(known.route)
        shape = look.shapes.of(obj)
        if shape.length is None or id(obj) in look.met:
            del self._known[known.name]
        else:
            look.met.add(id(obj))
            known.measure(obj, shape)

    def _discover(self, look: Measuring) -> None:
        """Walk on, at most a few times a second once all was seen."""
        seen_all = self._near.done and self._far.done
        if seen_all and time.monotonic() < self._walk_due:
            return
        self._walk_due = time.monotonic() + BETWEEN_WALKS_S
        steps = USUAL_STEPS if seen_all else FIRST_STEPS
        near = int(steps * NEAR_PART)
        walk = Discovery(
            look, self._worth_knowing, lambda: self._owners, self._remember
        )
        self._near.budget.grant(near)
        self._near.walk(walk, lambda: self._near_owners(look))
        self._far.budget.grant(max(steps - near + self._near.budget.left, 0))
        self._far.walk(walk, lambda: self._far_owners(look))

    def _remember(self, route: Route, child: Child) -> None:
        name, number = route.text, 1
        while (known := self._known.get(name)) and not known.route.is_same(route):
            also = f", {number}" if number > 1 else ""
            name, number = f"{route.text} ({route.owner}{also})", number + 1
        if known is None:
            known = self._known[name] = _Known(name, route)
        known.measure(child.value, child.shape)

    def _forget(self) -> None:
        """Keep the growing ones and the largest, and the last that were found."""
        if len(self._known) <= MOST_KNOWN + MOST_YOUNG:
            return
        late = {each.name for each in self._ranked[MOST_KNOWN:]}
        young = [name for name in self._known if name in late]
        for name in young[:-MOST_YOUNG]:
            del self._known[name]
        self._ranked = [each for each in self._ranked if each.name in self._known]

    def _near_owners(self, look: Measuring) -> list[Route]:
        """Return the routes to spider, components and classes.

        To name them takes a while, so that is done when there are others.
        """
        spider, components = look.owners.spider, look.owners.components
        state = (id(spider), [id(component) for _, component in components])
        if self._named != state:
            modules = self._crawler.settings.getlist("SPIDER_MODULES")
            packages = owners.packages(look.owners, modules)
            look.shapes = self._shapes = Shapes(packages)
            self._owners = owners.near(look.owners, look.shapes)
            self._named, self._imported = state, 0
        return self._owners

    def _far_owners(self, look: Measuring) -> list[Route]:
        """Return the routes to the project's modules, found as rarely."""
        if self._imported != len(sys.modules):
            self._imported = len(sys.modules)
            first = owners.homes(look.owners)
            self._modules = owners.modules(look.shapes.packages, first)
        return self._modules


def _record(known: _Known) -> Container:
    return Container(
        name=known.name,
        type=known.type,
        len=known.length,
        owner=known.route.owner,
        origin=known.route.origin,
        bounded=known.bounded,
    )
