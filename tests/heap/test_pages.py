"""The walk in C leaves everything as it was: no count, and no page, is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import FOREVER, IN_C, NEEDS_C, unreached, walked

pytestmark = NEEDS_C

CHILD = """
import os, sys
from scrapy_leakwatch.heap.graph import make
from scrapy_leakwatch.heap.sizes import rule

class Response: pass

def kilobytes(field):
    with open("/proc/self/smaps_rollup") as file:
        return int(next(line for line in file if line.startswith(field)).split()[1])

kept = []
for number in range(100_000):
    response = Response()
    response.url = f"https://example.com/{number}"
    response.meta = {"depth": [number], response.url: (number, bytes(200))}
    kept.append(response)
heap = kilobytes("Rss:")
pid = os.fork()
if pid == 0:
    code = 1
    try:
        before = kilobytes("Private_Dirty:")
        found = make(rule)
        begin, end = found.run([found.enter(kept)], False, 1e12)
        found.spread()
        found.settle()
        written = kilobytes("Private_Dirty:") - before
        print(heap, written, end - begin, flush=True)
        code = 0
    finally:
        os._exit(code)
_, status = os.waitpid(pid, 0)
sys.exit(status)
"""


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists() or not hasattr(os, "fork"),
    reason="this system does not tell which pages were written to",
)
def test_a_child_that_walks_copies_few_pages() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    heap, written, objects = map(int, ended.stdout.split())
    assert objects > 700_000
    assert written < 0.3 * heap
    assert written * 1024 < 28 * objects


def test_no_reference_is_counted() -> None:
    kept = [[number, {"key": (f"text {number}", object())}] for number in range(1000)]
    kept.append({f"key {number}": bytearray(1) for number in range(1000)})
    found, (span,) = walked(IN_C, kept)
    objects = [found.object(index) for index in range(*span)]
    before = [sys.getrefcount(obj) for obj in objects]
    again = IN_C(rule)
    again.run([again.enter(kept)], False, FOREVER)
    unreached(again)
    again.spread()
    again.settle()
    after = [sys.getrefcount(obj) for obj in objects]
    changed = [
        obj
        for obj, was, now in zip(objects, before, after, strict=True)
        if was != now and type(obj) is not int  # those count this very list's, too
    ]
    assert changed == []
