"""Lets ``start`` go on where it was, though each process calls it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.recycle.job import job_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from scrapy_leakwatch.recycle.job import Job


class Starts:
    """A spider middleware, the last to see what ``start`` gives."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it; Scrapy calls this."""
        return cls(job_of(crawler))

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Pass on what is new."""
        async for each in start:
            if self._job.is_new(each):
                yield each

    def process_start_requests(
        self,
        start_requests: Iterable[Any],
        spider: Any,  # noqa: ARG002, by its name
    ) -> Iterator[Any]:
        """Pass on what is new, in Scrapy before 2.13."""
        return (each for each in start_requests if self._job.is_new(each))
