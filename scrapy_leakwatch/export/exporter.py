"""What carries the numbers of a crawl elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Numbers, Verdict


class ExportError(Exception):
    """Where the numbers go they are not taken; the message says where, why and what
    helps.
    """


class Exporter(Protocol):
    """Carries the numbers of one crawl elsewhere.

    It is called where the crawl runs, so it returns at once: what takes long, or may
    hang, is for a thread of its own. Each may raise `ExportError`, and is called again
    all the same.
    """

    does: str
    """The end of the sentence "LeakWatch can't ..." in the log."""
    begun: str
    """A line for the log as it begins, "" for none."""

    def numbers(self, numbers: Numbers) -> None:
        """Take the numbers, after a sample or a verdict."""

    def verdict(self, verdict: Verdict, found: object) -> None:
        """Take a verdict when it is told, and what a look found, if there was one.

        The numbers that count it come next.
        """

    async def close(self, numbers: Numbers) -> None:
        """Take the last numbers and leave nothing behind, within some seconds."""
