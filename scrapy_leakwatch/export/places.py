"""What the crawls of a process put their numbers to, one for the same settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from typing import Any

    from scrapy_leakwatch.records import Numbers, Verdict


class Place(ABC):
    """Has the latest numbers of each crawl that joined it, and goes with the last."""

    _all: ClassVar[dict[tuple[Any, ...], Place]] = {}

    def __init__(self) -> None:
        self._numbers: dict[Joined, Numbers] = {}
        self._joined: set[Joined] = set()

    @classmethod
    def join(cls, does: str, *settings: Any) -> Joined:
        """Return a crawl's part in the place with these settings.

        The first makes it, from the same; raises what that raises.
        """
        key = (cls, *settings)
        place = Place._all.get(key)
        if place is None:
            place = Place._all[key] = cls(*settings)
        joined = Joined(place, does)
        place._joined.add(joined)
        return joined

    @property
    def crawls(self) -> list[Numbers]:
        """The latest numbers of each crawl; any thread may ask."""
        return list(self._numbers.values())

    @property
    @abstractmethod
    def begun(self) -> str:
        """What the log says as it begins, "" for nothing."""

    def put(self, joined: Joined, numbers: Numbers) -> None:
        """Take the numbers of a crawl."""
        self._numbers[joined] = numbers
        self.changed()

    async def leave(self, joined: Joined, numbers: Numbers) -> None:
        """Take the last numbers of a crawl, and forget them."""
        try:
            await self.last(joined, numbers)
        finally:
            self._joined.discard(joined)
            self._numbers.pop(joined, None)
            if self._joined:
                self.changed()
            else:
                self._forget()
                await self.end()

    def _forget(self) -> None:
        for key, place in tuple(Place._all.items()):
            if place is self:
                del Place._all[key]

    @abstractmethod
    def changed(self) -> None:
        """Note that there are other numbers; raises `ExportError` on a failure."""

    async def last(self, joined: Joined, numbers: Numbers) -> None:  # noqa: B027
        """Have the last numbers of a crawl carried, where they stay after it."""

    @abstractmethod
    async def end(self) -> None:
        """Leave nothing behind."""


class Joined:
    """The part of one crawl in a `Place`: an `Exporter`."""

    def __init__(self, place: Place, does: str) -> None:
        self._place = place
        self.does = does
        self.begun = place.begun

    def numbers(self, numbers: Numbers) -> None:
        """Put the numbers there."""
        self._place.put(self, numbers)

    def verdict(self, verdict: Verdict, found: object) -> None:
        """Do nothing: the numbers count it."""

    async def close(self, numbers: Numbers) -> None:
        """Leave the place."""
        await self._place.leave(self, numbers)
