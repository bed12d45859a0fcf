"""Hands the numbers of a crawl, and its verdicts, to those who carry them elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.ways import wanted

if TYPE_CHECKING:
    from scrapy import Spider

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.export.exporter import Exporter
    from scrapy_leakwatch.export.ways import Way
    from scrapy_leakwatch.records import Numbers, Verdict


def exporting(config: Config, numbers: Numbers, spider: Spider) -> Exporting:
    """Return the exporters that the settings ask for."""
    made = Exporting()
    for way in wanted(config):
        begin = Guard("carry its numbers elsewhere", spider)
        exporter = begin(_begun, way, config, numbers, spider)
        if exporter is not None:
            made.add(exporter, spider)
    return made


def _begun(
    way: Way, config: Config, numbers: Numbers, spider: Spider
) -> Exporter | None:
    said = {"extra": {"spider": spider}}
    if not way.is_possible:
        text = "%s needs a package that is not there, and the crawl goes on without: %s"
        log(logging.WARNING, text, way.setting, way.remedy, **said)
        return None
    try:
        exporter = way.make(config, numbers)
    except ExportError as error:
        log(logging.WARNING, "%s", error, **said)
        return None
    if exporter.begun:
        log(logging.INFO, "%s", exporter.begun, **said)
    return exporter


class Exporting:
    """The exporters of one crawl, each behind a `Guard` of its own. Never raises."""

    def __init__(self) -> None:
        self._hands: list[_Hand] = []

    def add(self, exporter: Exporter, spider: Spider) -> None:
        """Hand all to this one as well."""
        self._hands.append(_Hand(exporter, spider))

    def numbers(self, numbers: Numbers) -> None:
        """Hand the numbers to each."""
        for hand in self._hands:
            hand.numbers(numbers)

    def verdict(self, verdict: Verdict, found: object, numbers: Numbers) -> None:
        """Hand a verdict to each, what a look found, and the numbers that count it."""
        for hand in self._hands:
            hand.verdict(verdict, found)
            hand.numbers(numbers)

    async def close(self, numbers: Numbers) -> None:
        """Have each close, also one that is off after an error."""
        hands, self._hands = self._hands, []
        for hand in hands:
            await hand.close(numbers)


class _Hand:
    """What reaches one exporter, and says once in the log that it carries nothing."""

    def __init__(self, exporter: Exporter, spider: Spider) -> None:
        self._exporter = exporter
        self._spider = spider
        self._guard = Guard(exporter.does, spider)
        self._told = False

    def numbers(self, numbers: Numbers) -> None:
        self._guard(self._numbers, numbers)

    def _numbers(self, numbers: Numbers) -> None:
        try:
            self._exporter.numbers(numbers)
        except ExportError as error:
            self._tell(error)

    def verdict(self, verdict: Verdict, found: object) -> None:
        self._guard(self._verdict, verdict, found)

    def _verdict(self, verdict: Verdict, found: object) -> None:
        try:
            self._exporter.verdict(verdict, found)
        except ExportError as error:
            self._tell(error)

    async def close(self, numbers: Numbers) -> None:
        await self._guard.waiting(self._close(numbers))

    async def _close(self, numbers: Numbers) -> None:
        try:
            await self._exporter.close(numbers)
        except ExportError as error:
            self._tell(error)

    def _tell(self, error: ExportError) -> None:
        if not self._told:
            self._told = True
            log(logging.WARNING, "%s", error, extra={"spider": self._spider})
