"""One look at the crawl: it alone has live objects, and it is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.observe.census.owners import Owners
from scrapy_leakwatch.observe.census.routes import follow

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.census.routes import Way
    from scrapy_leakwatch.observe.census.shapes import Shapes


class Look:
    """What ways lead to now.

    ``met`` are the identities of the containers that were measured.
    """

    def __init__(self, crawler: Crawler, shapes: Shapes) -> None:
        self.shapes = shapes
        self.owners = Owners(crawler)
        self.met: set[int] = set()
        self._at: dict[Way, Any] = {}

    def note(self, way: Way, obj: Any) -> None:
        """Note that ``obj`` is at the end of ``way``."""
        self._at[way] = obj

    def at(self, way: Way) -> Any:
        """Return what is at the end of ``way``, None where nothing is."""
        if way in self._at:
            return self._at[way]
        if way.above is None:
            found = self.owners.get(way.key)
        elif (holder := self.at(way.above)) is None:
            found = None
        else:
            found = follow(self.shapes, holder, way)
        self._at[way] = found
        return found

    def trail(self, way: Way) -> tuple[Any, ...]:
        """Return all objects on ``way``, the owner first."""
        above = self.trail(way.above) if way.above is not None else ()
        return (*above, self.at(way))
