"""Real memory of each kind, looked into by a child, and what the judge says."""

import gc
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from asking_helpers import result_of

from scrapy_leakwatch.crawl import trimming
from scrapy_leakwatch.explain import layers_in_child
from scrapy_leakwatch.explain.border import headroom
from scrapy_leakwatch.explain.memory import allocators, layers
from scrapy_leakwatch.judge.memory_case import MemoryCase
from scrapy_leakwatch.records import (
    Layers,
    LiveClass,
    Memory,
    RequestLedger,
    ResponseLedger,
    Sample,
    Trimmed,
)
from scrapy_leakwatch.report.kinds import worded

LAB = Path(__file__).with_name("layers_lab.py")
MB = 1_000_000
STEPS = 4
GLIBC = pytest.mark.skipif(
    isinstance(allocators.heap(), str), reason="this malloc does not tell"
)


@cache
def lab(kind, **environment):
    """Return the looks into a process with memory of that kind, and the trim."""
    done = subprocess.run(
        [sys.executable, LAB, kind],
        env={**os.environ, "PYTHONPATH": str(LAB.parents[2]), **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    looks = [(Layers(**each["layers"]), each["blocks"]) for each in found["looks"]]
    return looks, Trimmed(**found["trimmed"])


def sample(number, rss, blocks, pages=0):
    return Sample(
        time=10.0 * number,
        elapsed_s=10.0 * number,
        received=1000 * number,
        live=(LiveClass("scrapy.Selector", "Selector", pages, 1.0),),
        requests=RequestLedger(0, 0, None, 0, 0),
        responses=ResponseLedger(0, 0, 0),
        memory=Memory(rss, rss, blocks),
        memory_limit=None,
        held={},
        floors=(),
        oldest={},
        cost_s=0.0,
    )


def told(looks, pages=0, explained=0.0):
    """Return what a crawl is told whose memory goes from look to look.

    A dozen samples lead from each to the next, and some stay at the last.
    """
    case = MemoryCase("shop", STEPS)
    verdicts = []
    ends = zip(looks, looks[1:] + looks[-1:], strict=True)
    numbers = iter(range(10_000))
    for (here, blocks), (there, blocks_there) in ends:
        for part in range(12):
            number = next(numbers)
            rss = here.rss + (there.rss - here.rss) * part // 11
            now = sample(
                number,
                rss,
                blocks + (blocks_there - blocks) * part // 11,
                pages * number,
            )
            if suspicion := case.hear(now, explained):
                layers = between(here, there, part / 11, rss, now.time)
                verdicts.append(case.conclude(suspicion, layers))
    return [worded(verdict) for verdict in verdicts if verdict is not None]


def between(here, there, part, rss, time):
    """Return the layers on the way from one look to the next."""
    fields = {
        name: round(then + (getattr(there, name) - then) * part)
        for name in Layers.__slots__
        if isinstance(then := getattr(here, name), int)
    }
    return replace(here, **{**fields, "rss": rss, "time": time})


@GLIBC
@pytest.mark.parametrize("kind", ["fragmented_malloc", "fragmented_arenas"])
def test_memory_that_the_allocators_keep_is_fragmentation(kind):
    looks, _ = lab(kind)
    (verdict,) = told(looks)
    assert verdict.kind == "fragmentation"
    assert verdict.confidence == "high"
    malloc = kind == "fragmented_malloc"
    assert ("LEAKWATCH_TRIM = True gives" in verdict.remedy) is malloc
    assert ("PYTHONMALLOC=malloc" in verdict.remedy) is not malloc
    assert "Python's blocks fell from" in verdict.message


@GLIBC
@pytest.mark.parametrize("kind", ["fragmented_malloc", "fragmented_arenas", "native"])
def test_a_child_tells_what_trimming_would_give_back(kind):
    looks, trimmed = lab(kind)
    found, _ = looks[-1]
    assert found.trimmable == pytest.approx(trimmed.before - trimmed.after, abs=2 * MB)
    assert found.rss == pytest.approx(trimmed.before, abs=2 * MB)  # not trimmed here
    if kind == "fragmented_malloc":
        assert found.trimmable > 100 * MB


@GLIBC
@pytest.mark.parametrize("kind", ["native", "mapped", "parsed"])
def test_memory_that_no_python_object_has_is_native(kind):
    assert {verdict.kind for verdict in told(lab(kind)[0])} == {"native"}


@GLIBC
@pytest.mark.parametrize(
    "kind", ["hoard_of_bytes", "hoard_of_small", "hoard_in_tuples", "a_file"]
)
def test_memory_that_python_objects_or_files_have_is_not(kind):
    assert not told(lab(kind)[0])


@GLIBC
def test_trees_of_pages_that_pile_up_are_not_native():
    looks, _ = lab("parsed")
    assert not told(looks, pages=10)
    assert not told(looks, explained=80 * MB)


@GLIBC
@pytest.mark.parametrize(
    ("kind", "share"), [("hoard_of_bytes", 0.9), ("hoard_of_small", 0.7), ("native", 0)]
)
def test_without_arenas_all_python_objects_are_added_up(kind, share):
    looks, _ = lab(kind, PYTHONMALLOC="malloc")
    (before, _), (_, _), (after, _) = looks
    assert before.arenas == after.arenas == 0
    grown = after.malloc_used - before.malloc_used
    assert after.python_large - before.python_large >= share * grown
    if not share:
        assert after.python_large == pytest.approx(before.python_large, abs=MB)


@GLIBC
def test_the_layers_add_up_to_what_is_resident():
    looks, _ = lab("fragmented_malloc")
    for found, _ in looks:
        known = found.files + found.arenas + found.malloc_used + found.malloc_free
        assert known == pytest.approx(found.rss, rel=0.05)
        assert 0 < found.malloc_used - found.python_large < 10 * MB
        assert found.reason == ""
        assert found.child_memory_bytes > 0


def test_where_no_child_can_be_had_the_layers_say_why(monkeypatch):
    def refuse():
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", refuse)
    found = result_of(layers_in_child(5))
    assert found.reason == "fork refused: Cannot allocate memory"
    assert found.rss > 10 * MB
    assert found.time == pytest.approx(time.time(), abs=60)
    assert found.arenas is None


@GLIBC
def test_with_too_little_memory_left_objects_are_not_added_up(monkeypatch):
    monkeypatch.setattr(headroom, "available", lambda: 3 * MB)
    found = result_of(layers_in_child(30))
    assert found.python_large is None
    assert found.malloc_used is not None
    assert found.reason.endswith(" MB, and 3 MB are left")


@GLIBC
def test_too_many_objects_for_the_time_leave_the_rest_of_the_answer(monkeypatch):
    monkeypatch.setattr(layers, "SHARE_OF_TIME", 0)
    found = result_of(layers_in_child(30))
    assert found.python_large is None
    assert found.trimmable is not None
    assert found.reason == "large Python objects: too many to add up in time"


@GLIBC
@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["_MALLINFO2", "_MALLINFO"], "the C library does not tell what malloc has"),
        (["_TRIM"], "what malloc would give back can't be measured"),
    ],
)
def test_what_the_c_library_does_not_tell_is_left_out(monkeypatch, names, reason):
    for name in names:
        monkeypatch.setattr(allocators, name, None)
    found = result_of(layers_in_child(30))
    assert found.arenas > 0
    assert found.trimmable is None
    assert found.reason == reason


@GLIBC
def test_blocks_that_malloc_maps_one_by_one_are_counted():
    before = allocators.heap()
    block = bytes(50 * MB)
    assert allocators.heap().used - before.used == pytest.approx(len(block), abs=MB)


@GLIBC
def test_another_malloc_is_told_from_the_one_that_counts(monkeypatch):
    monkeypatch.setattr(allocators, "_MALLOC", lambda _: None)
    assert allocators.heap() == "another malloc is in charge"


@GLIBC
def test_an_older_glibc_counts_up_to_2_gb(monkeypatch):
    known = allocators.heap()
    monkeypatch.setattr(allocators, "_MALLINFO2", None)
    assert allocators.heap().used == pytest.approx(known.used, abs=MB)
    monkeypatch.setattr(allocators, "_writable", lambda: 2**31)
    assert "before glibc 2.33" in allocators.heap()


ARENAS = """\
Small block threshold = 512, in 32 size classes.
# arenas allocated current         =                    7
7 arenas * 1048576 bytes/arena     =            7,340,032

# bytes in allocated blocks        =            6,508,080
# bytes in available blocks        =              163,312
5 unused pools * 16384 bytes       =               81,920
Total                              =            7,340,032
"""
MIMALLOC = """\
Small block threshold = 16384, in 73 size classes.
Medium block threshold = 131072
    Allocated Blocks: 28088
"""
FREE_LISTS = "           11 free PyDictObjects * 48 bytes each =            528\n"


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        (ARENAS + FREE_LISTS, (7_340_032, 163_312 + 81_920)),
        (FREE_LISTS, (0, 0)),
        (MIMALLOC + FREE_LISTS, "this Python's allocator is not known"),
        (ARENAS.replace("unused", "idle"), "this Python's allocator is not known"),
    ],
)
def test_what_python_prints_of_its_arenas_is_read(monkeypatch, printed, found):
    monkeypatch.setattr(allocators, "_printed_stats", lambda: printed)
    assert allocators.arenas() == found


def test_the_arenas_of_this_python_are_read_and_stderr_is_put_back(capfd):
    size, free = allocators.arenas()
    assert 0 < free < size
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def added_up(over=allocators.SMALL):
    gc.collect()
    return layers.large_objects(over, time.monotonic() + 60, [])


def test_each_large_object_is_added_once_and_small_ones_are_not():
    before = added_up()
    page = b"x" * MB
    kept = [[page], [page], (page, ["y" * 100]), {"page": page}]
    assert added_up() - before == pytest.approx(MB, abs=10_000)
    del kept


def test_no_code_of_a_class_is_run_to_add_it_up():
    class Meta(type):
        def __hash__(cls):
            raise AssertionError

        def __eq__(cls, other):
            raise AssertionError

    class Hostile(dict, metaclass=Meta):
        def __sizeof__(self):
            raise AssertionError

        def __len__(self):
            raise AssertionError

    before = added_up()
    kept = Hostile((number, number) for number in range(10_000))
    assert added_up() - before >= 100_000
    dict.clear(kept)


def test_tuples_in_tuples_are_followed_however_deep():
    nested = ("x" * MB,)
    for _ in range(100_000):
        nested = (nested,)
    gc.collect()  # it lets go of each tuple, from the inside out
    gc.collect()
    before = added_up()
    assert before is not None
    while nested and type(nested[0]) is tuple:
        (nested,) = nested
    del nested
    assert before - added_up() == pytest.approx(MB, rel=0.1)


@pytest.mark.parametrize(
    ("files", "left"),
    [
        pytest.param({}, None, id="nobody tells"),
        pytest.param({"proc/meminfo": "MemAvailable: 300 kB\n"}, 300, id="machine"),
        pytest.param(
            {
                "proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 300 kB\n",
                "proc/self/cgroup": "0::/a\n",
                "sys/fs/cgroup/a/memory.max": f"{200 * 1024}\n",
                "sys/fs/cgroup/a/memory.current": f"{150 * 1024}\n",
                "sys/fs/cgroup/a/memory.stat": f"anon 5\ninactive_file {50 * 1024}\n",
            },
            100,
            id="container, without the files in its cache",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:memory:/docker/1\n",
                "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": f"{100 * 1024}",
                "sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes": f"{120 * 1024}",
            },
            0,
            id="v1, over its limit",
        ),
    ],
)
def test_the_memory_left_is_that_of_the_tightest(tmp_path, files, left):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = headroom.available(tmp_path)
    assert found == (left if left is None else left * 1024)


def test_without_glibc_nothing_is_trimmed_and_it_says_so(monkeypatch):
    monkeypatch.setattr(trimming, "malloc_trim", lambda: None)
    trimmed = trimming.trim()
    assert trimmed.before == trimmed.after > 0
    assert trimmed.reason == "this C library has no malloc_trim"
