"""How the requests in a scheduler's queues are counted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from scrapy import Spider, squeues
from scrapy.core.scheduler import Scheduler
from scrapy.http import Request
from scrapy.pqueues import DownloaderAwarePriorityQueue, ScrapyPriorityQueue
from scrapy.squeues import FifoMemoryQueue, LifoMemoryQueue
from scrapy.utils.test import get_crawler

from scrapy_leakwatch.internals import queues, versions


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


IN_SQLITE = pytest.mark.skipif(
    not hasattr(squeues, "PickleLifoSQLiteQueue"), reason="Scrapy has it from 2.19 on"
)


class NotCounting:
    """A part of a queue that SQLite would have to count."""

    def __len__(self):
        raise AssertionError("to count 100,000 rows takes 0.1 s")


@pytest.fixture
def job(tmp_path):
    """Return a function that opens a scheduler with a disk queue in SQLite."""

    def open_it():
        crawler = get_crawler(
            settings_dict={
                "JOBDIR": str(tmp_path),
                "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleLifoSQLiteQueue",
                "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",
            }
        )
        crawler.spider = Spider("shop")
        scheduler = Scheduler.from_crawler(crawler)
        scheduler.open(crawler.spider)
        return scheduler

    return open_it


@IN_SQLITE
def test_requests_in_sqlite_are_counted_without_asking_it(job, monkeypatch) -> None:
    scheduler = job()
    assert queues.length(scheduler, "dqs") == 0
    for number in range(5):
        scheduler.enqueue_request(Request(f"http://shop/{number}"))
    scheduler.next_request()
    base = squeues.PickleLifoSQLiteQueue
    with monkeypatch.context() as patched:
        patched.setattr(base, "__len__", NotCounting.__len__, raising=False)
        assert queues.length(scheduler, "dqs") == 4
    assert len(scheduler.dqs) == 4
    scheduler.close("shutdown")


@IN_SQLITE
def test_what_an_ended_job_left_in_sqlite_is_unknown(job) -> None:
    scheduler = job()
    scheduler.enqueue_request(Request("http://shop/"))
    scheduler.close("shutdown")
    resumed = job()
    assert queues.length(resumed, "dqs") is None
    assert len(resumed.dqs) == 1
    resumed.close("shutdown")


def test_a_disk_queue_that_keeps_the_order_is_one_of_the_scrapy_at_hand() -> None:
    found = {
        order: queues.disk_queues(SimpleNamespace(mqclass=cls))
        for order, cls in (("Fifo", FifoMemoryQueue), ("Lifo", LifoMemoryQueue))
    }
    for order, names in found.items():
        assert names[0] == f"scrapy.squeues.Pickle{order}DiskQueue"
        assert all(hasattr(squeues, each.rpartition(".")[2]) for each in names)
        assert ("SQLite" in names[-1]) == hasattr(squeues, "PickleLifoSQLiteQueue")


def test_a_scheduler_is_found_where_this_scrapy_has_it() -> None:
    slot = SimpleNamespace(scheduler="the scheduler")
    engine = SimpleNamespace(_slot=slot)
    assert versions.scheduler_of(engine) == "the scheduler"
    public = type("Engine", (), {"scheduler": property(lambda _: "the public one")})
    assert versions.scheduler_of(public()) == "the public one"
