"""Reads how much memory the process uses, in a bounded time."""

from __future__ import annotations

import sys
import time

import psutil

from scrapy_leakwatch.records import Memory

BLOCKS_MAX_AGE_S = 60.0


class MemoryGauge:
    """The memory of this process.

    Python walks all its pools to count the allocated blocks: 0.4 ms at a
    million live requests, more than all the rest of a sample. So that is done
    beside a full collection, which costs a hundred times as much, and
    otherwise once a minute.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peak = 0
        self._blocks = 0
        self._blocks_read_at = -BLOCKS_MAX_AGE_S

    def count_blocks(self) -> None:
        """Count Python's allocated blocks now."""
        self._blocks = sys.getallocatedblocks()
        self._blocks_read_at = time.monotonic()

    def read(self) -> Memory:
        """Return what the process uses now."""
        if time.monotonic() - self._blocks_read_at >= BLOCKS_MAX_AGE_S:
            self.count_blocks()
        rss = self._process.memory_info().rss
        self._peak = max(self._peak, rss)
        return Memory(rss=rss, rss_peak=self._peak, python_blocks=self._blocks)
