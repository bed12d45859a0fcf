"""The queues of a scheduler, in the store of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from scrapy_leakwatch.recycle.job import job_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from typing_extensions import Self

FOLDER = "requests.queue"


class StoredLifoQueue:
    """The requests of one priority, the newest first; as a queue of queuelib's.

    A request that is popped is in progress until the job says that it is done.
    """

    newest: ClassVar[bool] = True

    def __init__(self, crawler: Crawler, key: str) -> None:
        self._spider = crawler.spider
        self._job = job_of(crawler)
        self._store = self._job.store
        self._key = key.rpartition(FOLDER)[2]  # a job may be moved
        self._length = self._store.waiting(self._key)

    @classmethod
    def from_crawler(cls, crawler: Crawler, key: str, *_: Any, **__: Any) -> Self:
        """Return the queue of a key, with what waits there."""
        return cls(crawler, key)

    def push(self, request: Request) -> None:
        """Keep a request; raises ValueError for one that can't be written."""
        self._store.add(self._key, self._job.written(request, self._spider))
        self._length += 1

    def pop(self) -> Request | None:
        """Return the next request, None where there is none."""
        found = self._store.look(self._key, newest=self.newest)
        if found is None or self._store.failed:
            return None
        number, data = found
        request = self._job.read(data, self._spider)
        self._store.take(number)
        self._length -= 1
        self._job.begun(request, number)
        return request

    def peek(self) -> Request | None:
        """Return the next request, and leave it there."""
        found = self._store.look(self._key, newest=self.newest)
        if found is None:
            return None
        return self._job.read(found[1], self._spider)

    def close(self) -> None:
        """Do nothing: the store is closed with the job."""

    def __len__(self) -> int:
        return self._length


class StoredFifoQueue(StoredLifoQueue):
    """The requests of one priority, the oldest first."""

    newest = False


def instead_of(path: Any) -> str | None:
    """Return the queue of ours with the order of another, None for none."""
    if not path:
        return None
    name = path if isinstance(path, str) else path.__name__
    cls = StoredFifoQueue if "Fifo" in name else StoredLifoQueue
    return f"{cls.__module__}.{cls.__name__}"
