"""The bound of a container, wherever it is written."""

from __future__ import annotations

import multiprocessing
import queue
import sys
from collections import OrderedDict, deque

import pytest

from scrapy_leakwatch.explain.containers.bounds import bound_of


class Cache(OrderedDict):
    """A table with a bound of its own."""

    def __init__(self, maxsize: int) -> None:
        super().__init__()
        self.maxsize = maxsize


class Keeper:
    """Has a table, and says how large that may be."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.kept: dict[str, str] = {}


def of_processes(most: int):
    """Return the way to what waits in a queue for another process."""
    waiting = multiprocessing.get_context("spawn").Queue(most)
    return (None, waiting, waiting._buffer)


def test_a_queue_for_processes_has_none_unless_it_was_given_one() -> None:
    assert bound_of(of_processes(0)) is None
    assert bound_of(of_processes(20)) == 20


@pytest.mark.parametrize(
    ("way", "bound"),
    [
        ((None, queue.Queue(30)), 30),
        ((None, queue.Queue()), None),
        ((None, deque(maxlen=40)), 40),
        ((None, deque(maxlen=sys.maxsize)), None),
        ((None, Cache(50)), 50),
        ((None, keeper := Keeper(60), keeper.kept), 60),
        ((None, []), None),
    ],
)
def test_a_bound_is_found_with_the_container_or_around_it(way, bound) -> None:
    assert bound_of(way) == bound
