"""Hands the numbers of a crawl, and its verdicts, to those who carry them elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from scrapy_leakwatch.crawl.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import Numbers, Verdict


class Exporter(Protocol):
    """Carries the numbers of one crawl elsewhere.

    It is called where the crawl runs, so it returns at once: what takes long, or may
    hang, is for a thread of its own.
    """

    does: str
    """The end of the sentence "LeakWatch can't ..." in the log."""

    def numbers(self, numbers: Numbers) -> None:
        """Take the numbers, after a sample or a verdict."""

    def verdict(self, verdict: Verdict) -> None:
        """Take a verdict when it is told; the numbers that count it come next."""

    async def close(self, numbers: Numbers) -> None:
        """Take the last numbers and leave nothing behind, within some seconds."""


MAKERS: tuple[Callable[[Crawler, Config, Spider], Exporter | None], ...] = ()
"""What makes each exporter of a crawl, None where the settings ask for none."""


def exporting(crawler: Crawler, config: Config, spider: Spider) -> Exporting:
    """Return the exporters that the settings ask for."""
    made = Exporting()
    for make in MAKERS:
        begin = Guard("carry its numbers elsewhere", spider)
        exporter = begin(make, crawler, config, spider)
        if exporter is not None:
            made.add(exporter, Guard(exporter.does, spider))
    return made


class Exporting:
    """The exporters of one crawl, each behind a `Guard` of its own. Never raises."""

    def __init__(self) -> None:
        self._exporters: list[tuple[Exporter, Guard]] = []

    def add(self, exporter: Exporter, guard: Guard) -> None:
        """Hand all to this one as well."""
        self._exporters.append((exporter, guard))

    def numbers(self, numbers: Numbers) -> None:
        """Hand the numbers to each."""
        for exporter, guard in self._exporters:
            guard(exporter.numbers, numbers)

    def verdict(self, verdict: Verdict, numbers: Numbers) -> None:
        """Hand a verdict to each, and the numbers that count it."""
        for exporter, guard in self._exporters:
            guard(exporter.verdict, verdict)
            guard(exporter.numbers, numbers)

    async def close(self, numbers: Numbers) -> None:
        """Have each close, also one that is off after an error."""
        for exporter, guard in self._exporters:
            await guard.waiting(exporter.close(numbers))
        self._exporters = []
