"""One look at the crawl: it alone has live objects, and it is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.observe.census.owners import Owners
from scrapy_leakwatch.observe.census.routes import follow

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.census.routes import Route
    from scrapy_leakwatch.observe.census.shapes import Shapes


class Measuring:
    """What routes lead to now.

    ``met`` are the identities of the containers that were measured.
    """

    def __init__(self, crawler: Crawler, shapes: Shapes) -> None:
        self.shapes = shapes
        self.owners = Owners(crawler)
        self.met: set[int] = set()
        self._at: dict[Route, Any] = {}

    def note(self, route: Route, obj: Any) -> None:
        """Note that ``obj`` is at the end of ``route``."""
        self._at[route] = obj

    def at(self, route: Route) -> Any:
        """Return what is at the end of ``route``, None where nothing is."""
        if route in self._at:
            return self._at[route]
        if route.above is None:
            found = self.owners.get(route.key)
        elif (holder := self.at(route.above)) is None:
            found = None
        else:
            found = follow(self.shapes, holder, route)
        self._at[route] = found
        return found

    def trail(self, route: Route) -> tuple[Any, ...]:
        """Return all objects on ``route``, the owner first."""
        above = self.trail(route.above) if route.above is not None else ()
        return (*above, self.at(route))
