"""When a fault strikes: what a crawl has come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation.own_processes import OWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler

    Strike = Callable[[Crawler], object]

PAGE = 100
"""The page at which a crawl is in full swing."""
LOOKS_FROM = 150
TWIN_LOOKS_AT = 350
"""Without LeakWatch there is no look: there this page is the moment."""


class Moments:
    """What is to happen in one process, each once."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Strike]] = {"open": [], "page": [], "look": []}
        self.struck: list[str] = []

    def open(self, strike: Strike) -> None:
        """Have this happen as the spider starts."""
        self._waiting["open"].append(strike)

    def page(self, strike: Strike) -> None:
        """Have this happen in the middle of the crawl."""
        self._waiting["page"].append(strike)

    def look(self, strike: Strike) -> None:
        """Have this happen while a child looks at the heap."""
        self._waiting["look"].append(strike)

    @property
    def missed(self) -> list[str]:
        """The moments that never came."""
        return [moment for moment, strikes in self._waiting.items() if strikes]

    def started(self, crawler: Crawler) -> None:
        """Hear that a spider starts."""
        self._reached("open", crawler)

    def received(self, pages: int, crawler: Crawler) -> None:
        """Hear that a spider has so many pages."""
        if pages == PAGE:
            self._reached("page", crawler)
        if (OWN and pages >= LOOKS_FROM) or pages == TWIN_LOOKS_AT:
            self._reached("look" if OWN else "no look", crawler)

    def _reached(self, moment: str, crawler: Crawler) -> None:
        strikes = self._waiting.get(moment.removeprefix("no "), [])
        for strike in tuple(strikes):
            strikes.remove(strike)
            self.struck.append(moment)
            strike(crawler)


MOMENTS = Moments()


def later(seconds: float, strike: Callable[[], object]) -> None:
    """Have this happen so much later, in the reactor."""
    from twisted.internet import reactor

    reactor.callLater(seconds, strike)
