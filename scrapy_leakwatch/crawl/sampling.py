"""The sampler of a crawl, made when it is first needed, and again where that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.observe.sampler import Sampler
    from scrapy_leakwatch.records import Sample


class Sampling:
    """A `Sampler` as far as there is one; ``make`` returns it, or raises."""

    def __init__(self, make: Callable[[], Sampler]) -> None:
        self._make = make
        self._sampler: Sampler | None = None

    def sample(self) -> Sample:
        """Look at the process. What raises may be tried again."""
        if self._sampler is None:
            self._sampler = self._make()
        return self._sampler.sample()

    def container(self, name: str) -> tuple[Any, ...] | None:
        """Return a container of the last sample, as `Census.container` does."""
        return self._sampler.container(name) if self._sampler else None

    def lineage(self, program: str) -> frozenset[int]:
        """Return the child processes of a program, and those they come from."""
        return self._sampler.lineage(program) if self._sampler else frozenset()

    def in_scraper(self, most: int) -> tuple[Any, ...]:
        """Return what is longest in the scraper, up to so many requests."""
        return self._sampler.in_scraper(most) if self._sampler else ()

    def stop(self) -> None:
        """Leave the process as it was before."""
        if self._sampler is not None:
            self._sampler.stop()
