"""A scheduler whose queues are in the store of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.utils.misc import load_object

from scrapy_leakwatch.recycle.job import job_of
from scrapy_leakwatch.recycle.queues import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

BEFORE = "RECYCLE_DISK_QUEUES"
"""The setting with the queues that the project has."""
_CLASSES = ("dqclass", "_sdqclass")
STATE = "active.json"
"""What Scrapy writes as it closes: which queues there are."""


class _Stored:
    """What is added to the scheduler of the project."""

    crawler: Crawler
    dqs: Any
    spider: Spider

    def open(self, spider: Spider) -> Any:
        """Open the queues; after a kill, with what was in progress then."""
        job = self._job = job_of(self.crawler)
        interrupted = not job.clean or job.store.in_progress() > 0
        left = job.store.take_all() if interrupted else iter(())
        first = next(left, None)  # from now on none of them is in a queue
        state = job.folder / FOLDER / STATE
        if interrupted:
            state.unlink(missing_ok=True)
        adopts = job.is_new_here and state.exists()
        others = list(self._left_by_scrapy(spider)) if adopts else ()
        opened = super().open(spider)  # type: ignore[misc]
        while first is not None:
            self.dqs.push(job.read(first, spider))
            first = next(left, None)
        for request in others:
            self.dqs.push(request)
        job.begin()
        return opened

    def _left_by_scrapy(self, spider: Spider) -> Iterator[Request]:
        """Take out what ``scrapy crawl`` has left in the folder of the job."""
        ours = {name: vars(self).get(name) for name in _CLASSES}
        paths = self.crawler.settings[BEFORE]
        for name, path in zip(_CLASSES, paths, strict=True):
            if name in vars(self):
                setattr(self, name, load_object(path) if path else None)
        self.spider = spider
        queue = self._dq()  # type: ignore[attr-defined]
        while (request := queue.pop()) is not None:
            yield request
        queue.close()
        vars(self).update(ours)
        (self._job.folder / FOLDER / STATE).unlink(missing_ok=True)

    def enqueue_request(self, request: Request) -> bool:
        """Put a request into a queue, and note if it is one of ``start``."""
        self._job.enqueued(request)
        return super().enqueue_request(request)  # type: ignore[misc,no-any-return]

    def next_request(self) -> Request | None:
        """Return the next request; what is done by now is done for good."""
        self._job.settle()
        return super().next_request()  # type: ignore[misc,no-any-return]

    def close(self, reason: str) -> Any:
        """Close the queues, with nothing in progress any more."""
        closed = super().close(reason)  # type: ignore[misc]
        self._job.end()
        return closed


def stored(path: Any) -> type:
    """Return the scheduler of a project with its queues in the store."""
    cls = load_object(path)
    return type(f"Stored{cls.__name__}", (_Stored, cls), {})
