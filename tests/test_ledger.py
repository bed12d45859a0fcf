"""How the requests in a scheduler's queues are counted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from scrapy.http import Request
from scrapy.pqueues import DownloaderAwarePriorityQueue, ScrapyPriorityQueue
from scrapy.squeues import FifoMemoryQueue, LifoMemoryQueue
from scrapy.utils.test import get_crawler

from scrapy_leakwatch.internals import queues


class Refusing:
    def __len__(self):
        raise AssertionError("asking could mean asking a server")

    __bool__ = __len__


class RefusingQueue(Refusing, FifoMemoryQueue):
    pass


class RefusingPriorityQueue(Refusing, ScrapyPriorityQueue):
    pass


class OwnOrder(ScrapyPriorityQueue):
    def priority(self, request):
        return request.priority


def crawler_with_slots():
    slots = SimpleNamespace(get_slot_key=lambda request: request.url, slots={})
    crawler = get_crawler()
    crawler.engine = SimpleNamespace(downloader=slots)
    return crawler


def queue_of(cls, part):
    """Return a queue of two parts with a request in each."""
    queue = cls(crawler_with_slots(), part, "")
    for priority in (0, 5):
        queue.push(Request(f"http://shop/{priority}", priority=priority))
    return queue


def queued(queue):
    return queues.length(SimpleNamespace(mqs=queue), "mqs")


@pytest.mark.parametrize("part", [FifoMemoryQueue, LifoMemoryQueue])
@pytest.mark.parametrize(
    "cls", [ScrapyPriorityQueue, DownloaderAwarePriorityQueue, OwnOrder]
)
def test_a_queue_of_scrapys_is_counted(cls, part) -> None:
    assert queued(queue_of(cls, part)) == 2


@pytest.mark.parametrize(
    "queue",
    [
        Refusing(),
        queue_of(RefusingPriorityQueue, FifoMemoryQueue),
        queue_of(ScrapyPriorityQueue, RefusingQueue),
        queue_of(DownloaderAwarePriorityQueue, RefusingQueue),
    ],
    ids=["queue", "priority queue", "part", "part of a part"],
)
def test_a_queue_of_the_projects_is_unknown_and_not_asked(queue) -> None:
    assert queued(queue) is None


def test_a_queue_that_throws_is_unknown() -> None:
    queue = queue_of(ScrapyPriorityQueue, FifoMemoryQueue)
    del queue.queues[0].q
    assert queued(queue) is None


def test_a_scheduler_without_a_queue_has_an_unknown_number() -> None:
    assert queued(None) is None
