"""The counts of what the process must give back."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scrapy_leakwatch.foundation.cgroups import pids_left
from scrapy_leakwatch.internals import loops
from scrapy_leakwatch.observe import resource_counts
from scrapy_leakwatch.observe.resource_counts import ResourceGauge
from scrapy_leakwatch.observe.resources import event_loops
from scrapy_leakwatch.recordings import parsing, writing
from scrapy_leakwatch.records import ResourceCounts, ResourceLimits
from tests.judging import sample
from tests.numbering import stats_of

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there is no /proc"
)


def counted(gauge: ResourceGauge, name: str) -> int:
    """Return a count, from the next sample that has it."""
    for _ in range(resource_counts.LONGEST_REST + 1):
        found = getattr(gauge.read(), name)
        if found is not None:
            return found
    raise AssertionError(name)


def test_threads_are_counted() -> None:
    gauge, ended = ResourceGauge(), threading.Event()
    before = counted(gauge, "threads")
    threads = [threading.Thread(target=ended.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert counted(gauge, "threads") == before + 3
    ended.set()
    for thread in threads:
        thread.join()
    for _ in range(500):  # the system may need a moment longer than Python
        if counted(gauge, "threads") == before:
            break
        time.sleep(0.01)
    assert counted(gauge, "threads") == before


@linux
def test_sockets_are_told_from_files_also_where_a_number_changes_hands() -> None:
    gauge = ResourceGauge()
    files, sockets = counted(gauge, "files"), counted(gauge, "sockets")
    numbers = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    assert counted(gauge, "files") == files + 3
    for number in numbers:
        os.close(number)
    opened = [socket.socket() for _ in range(3)]
    for _ in range(20):  # they are looked at again in turn
        gauge.read()
    assert counted(gauge, "files") == files
    assert counted(gauge, "sockets") == sockets + 3
    for each in opened:
        each.close()
    assert counted(gauge, "sockets") == sockets


@linux
def test_of_many_new_descriptors_some_are_looked_at_and_the_rest_is_like_them() -> None:
    descriptors = resource_counts._Descriptors()
    files, sockets = descriptors.count()
    opened = [socket.socket() for _ in range(3 * resource_counts.LOOKED_AT)]
    found = descriptors.count()
    assert sum(found) == files + sockets + len(opened)
    assert abs(found[1] - sockets - len(opened)) <= len(opened) / 10
    for _ in range(4):
        found = descriptors.count()
    assert found == (files, sockets + len(opened))
    for each in opened:
        each.close()


@linux
def test_children_are_counted() -> None:
    gauge = ResourceGauge()
    before = counted(gauge, "children")
    child = subprocess.Popen(["sleep", "60"])
    assert counted(gauge, "children") == before + 1
    child.kill()
    child.wait()
    assert counted(gauge, "children") == before


def test_the_more_there_is_the_rarer_it_is_counted() -> None:
    seen = iter([(10, 20), (400, 500), (10**9, 0)])
    count = resource_counts._Spaced(lambda: next(seen), many=100)
    assert count.read() == (10, 20)
    assert count.read() == (400, 500)
    assert [count.read() for _ in range(9)] == [None] * 9
    assert count.read() == (10**9, 0)
    rest = [count.read() for _ in range(resource_counts.LONGEST_REST)]
    assert rest == [None] * resource_counts.LONGEST_REST
    with pytest.raises(StopIteration):
        count.read()


def test_timers_and_tasks_of_the_loop_are_counted_until_they_end(monkeypatch) -> None:
    # Another test may have installed a reactor, with a loop of its own.
    monkeypatch.setattr(event_loops, "installed_reactor", lambda: None)

    async def look() -> list[tuple[int, int]]:
        gauge = ResourceGauge()
        loop = asyncio.get_running_loop()
        seen = []

        def note() -> None:
            timers = loops.timers(None, loop)
            seen.append((timers, counted(gauge, "tasks")))

        note()
        tasks = [asyncio.create_task(asyncio.Event().wait()) for _ in range(2)]
        calls = [loop.call_later(3600, print) for _ in range(3)]
        note()
        for each in (*tasks, *calls):
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        note()
        return seen

    before, during, after = asyncio.run(look())
    assert during == (before[0] + 3, before[1] + 2)
    assert after == before


def test_delayed_calls_of_a_reactor_are_counted_without_the_cancelled() -> None:
    from twisted.internet.selectreactor import SelectReactor

    reactor = SelectReactor()
    calls = [reactor.callLater(3600, print) for _ in range(4)]
    calls[0].cancel()
    assert loops.timers(reactor, None) == 3
    reactor.runUntilCurrent()
    assert loops.timers(reactor, None) == 3
    for call in calls[1:]:
        call.cancel()
    assert loops.timers(reactor, None) == 0
    reactor.removeAll()


def test_work_that_waits_for_an_executor_is_counted() -> None:
    executors = sys.modules["concurrent.futures.thread"]
    before = loops.waiting_work(None, executors)
    ended, begun = threading.Event(), threading.Event()
    pool = ThreadPoolExecutor(max_workers=1)
    pool.submit(lambda: begun.set() or ended.wait())
    begun.wait()
    for _ in range(5):
        pool.submit(print, end="")
    assert loops.waiting_work(None, executors) == before + 5
    ended.set()
    pool.shutdown()


def test_work_that_waits_for_a_thread_of_twisted_is_counted() -> None:
    from types import SimpleNamespace

    from twisted.python.threadpool import ThreadPool

    pool = ThreadPool(0, 1)
    for _ in range(4):  # it has not started: all wait
        pool.callInThread(print, end="")
    assert loops.waiting_work(SimpleNamespace(threadpool=pool), None) == 4
    pool.start()
    pool.stop()


@linux
def test_the_limit_of_descriptors_is_the_soft_one() -> None:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert ResourceGauge().limits().descriptors == soft


@pytest.mark.parametrize(
    ("groups", "files", "left"),
    [
        ("0::/pod/box", {"pod/box": (100, 40), "pod": (64, 50)}, (64, 14)),
        ("0::/pod", {"pod": ("max", 40)}, None),
        ("8:pids:/pod\n0::/", {"pids/pod": (30, 40)}, (30, 0)),
    ],
)
def test_the_group_with_the_fewest_processes_left_counts(
    tmp_path, groups, files, left
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    for folder, (most, now) in files.items():
        group = tmp_path / "sys/fs/cgroup" / folder
        group.mkdir(parents=True, exist_ok=True)
        (group / "pids.max").write_text(f"{most}\n")
        (group / "pids.current").write_text(f"{now}\n")
    assert pids_left(tmp_path) == left


COUNTS = ResourceCounts(threads=9, files=8, sockets=7, timers=5, tasks=4, pool_queue=3)


def with_counts(counts):
    from dataclasses import replace

    return replace(sample(1), resources=counts, limits=ResourceLimits(1024))


def test_the_counts_are_stats_and_what_is_left_out_keeps_its_value() -> None:
    found = stats_of(with_counts(COUNTS), with_counts(ResourceCounts()))
    ours = {name: value for name, value in found.items() if "/resources/" in name}
    assert ours == {
        "leakwatch/resources/threads": 9,
        "leakwatch/resources/files": 8,
        "leakwatch/resources/sockets": 7,
        "leakwatch/resources/timers": 5,
        "leakwatch/resources/tasks": 4,
        "leakwatch/resources/pool_queue": 3,
    }


def test_the_counts_are_recorded_and_read_back() -> None:
    line = writing.of_sample(with_counts(COUNTS))
    assert line["resources"]["threads"] == 9
    assert line["resources"]["children"] is None
    assert parsing.sample(line).resources == COUNTS
    del line["resources"]
    assert parsing.sample(line).resources == ResourceCounts()


def test_each_sample_of_a_crawl_has_the_counts(crawl) -> None:
    result = crawl("Healthy")
    for name in ("threads", "files", "sockets", "timers", "tasks", "pool_queue"):
        assert type(result.stats[f"leakwatch/resources/{name}"]) is int
    assert result.stats["leakwatch/resources/threads"] >= 1
