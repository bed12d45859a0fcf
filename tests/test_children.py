"""Child processes of this process: which there are, and what they have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from scrapy_leakwatch.explain.border import child
from scrapy_leakwatch.foundation.own_processes import OWN
from scrapy_leakwatch.observe import children
from scrapy_leakwatch.observe.children import ChildrenGauge, program_name
from scrapy_leakwatch.observe.process_tree import ProcessTree

LINUX = sys.platform == "linux"
MANY_LOOKS = 500
READY = "import sys; print(1, flush=True); sys.stdin.read()"
HAS = f"kept = bytearray(b'1' * int(sys.argv[1]) * 1_000_000); {READY}"
GRANDCHILD = (
    "import subprocess, sys; "
    f"below = subprocess.Popen([sys.executable, '-c', {READY!r}], stdout=sys.stdout); "
    "below.wait()"
)
IN_A_THREAD = (
    "import subprocess, sys, threading, time; "
    "threading.Thread(target=lambda: subprocess.Popen("
    f"[sys.executable, '-c', {READY!r}], stdout=sys.stdout).wait()).start(); "
    "sys.stdin.read()"
)


@pytest.fixture(autouse=True)
def others():
    """Leave out what other tests of this process have running, such as a site."""
    already = {each.pid for each in psutil.Process().children(recursive=True)} - OWN
    OWN.update(already)
    yield already
    OWN.difference_update(already)


@contextmanager
def running(code: str, *arguments: str):
    """Run Python code in a child process until the block ends."""
    command = [sys.executable, "-c", f"import sys; {code}", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


def seen(gauge: ChildrenGauge, expected: int):
    """Look as often as samples would, until so many are seen."""
    for _ in range(MANY_LOOKS):
        found = gauge.read()
        if found.count == expected:
            break
    return found


@pytest.mark.parametrize("listed", [None, False], ids=["lists", "scan"])
def test_what_a_child_process_has_is_seen_and_named(listed) -> None:
    gauge = ChildrenGauge(ProcessTree(listed=listed))
    with running(HAS, "50"):
        found = seen(gauge, 1)
        assert found.count == 1
        assert 50_000_000 <= found.bytes <= 80_000_000
        assert [each.count for each in found.programs] == [1]
        assert found.programs[0].name.startswith("python")


@pytest.mark.skipif(not LINUX, reason="only Linux has lists of children")
@pytest.mark.parametrize("code", [GRANDCHILD, IN_A_THREAD])
def test_the_processes_below_a_child_are_its_too(code) -> None:
    gauge = ChildrenGauge()
    with running(code) as process:
        found = seen(gauge, 2)
        assert found.count == 2
        assert process.pid in gauge.lineage(found.programs[0].name)
        assert len(gauge.lineage("")) == 2
        assert gauge.lineage("no such program") == frozenset()


def test_processes_that_end_are_gone() -> None:
    gauge = ChildrenGauge()
    with running(READY):
        assert seen(gauge, 1).count == 1
    assert seen(gauge, 0) == children.Children(0, 0, "pss", ())


def test_a_process_that_nobody_waits_for_counts_for_nothing() -> None:
    gauge = ChildrenGauge()
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT) is None:
        time.sleep(0.01)
    found = seen(gauge, 0)
    process.wait()
    assert found.count == found.bytes == 0


def test_the_processes_of_leakwatch_are_not_the_crawls(others) -> None:
    gauge = ChildrenGauge()
    asked = child.start(lambda: time.sleep(60), 60)
    assert asked.pid in OWN
    assert gauge.read().count == 0
    asked.stop()
    assert others == OWN


@pytest.mark.skipif(not LINUX, reason="PSS is Linux's")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_what_was_shared_at_a_fork_counts_once() -> None:
    here = psutil.Process().memory_info().rss
    kept = bytearray(b"1" * 60_000_000)
    gauge = ChildrenGauge()
    pids = [os.fork() or time.sleep(60) or os._exit(0) for _ in range(3)]
    try:
        for _ in range(20):
            found = seen(gauge, 3)
        assert found.measure == "pss"
        assert found.bytes < 2 * (here + len(kept))
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


@pytest.mark.skipif(not LINUX, reason="it is of Linux")
def test_without_pss_it_is_what_is_private(monkeypatch) -> None:
    monkeypatch.setattr(children, "_pss", lambda _: None)
    with running(HAS, "50"):
        found = seen(ChildrenGauge(), 1)
    assert found.measure == "uss"
    assert 50_000_000 <= found.bytes <= 80_000_000


def test_without_either_it_is_all_that_is_resident(monkeypatch) -> None:
    monkeypatch.setattr(children, "_weigh", children._weigh_elsewhere)
    with running(HAS, "50"):
        found = seen(ChildrenGauge(ProcessTree(listed=False)), 1)
    assert found.measure == "rss"
    assert 50_000_000 <= found.bytes <= 90_000_000


def test_of_many_programs_the_five_largest_are_named(tmp_path) -> None:
    gauge = ChildrenGauge()
    with ExitStack() as stack:
        for number in range(7):
            link = tmp_path / f"worker{number}"
            link.symlink_to(sys.executable)
            process = subprocess.Popen([link, "-c", "input()"], stdin=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.kill)
        found = seen(gauge, 7)
        for _ in range(20):
            found = gauge.read()
    sizes = [each.bytes for each in found.programs]
    assert found.count == 7
    assert len(sizes) == 5
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) < found.bytes


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/lib/chromium/chromium --type=renderer --lang=en", "chromium"),
        ("python3.11", "python3.11"),
        ("worker: http://shop/page", "worker"),
        ("", "?"),
        ("/bin/a\x1b[31mb", "a\\x1b[31mb"),
    ],
)
def test_a_program_goes_by_its_bare_name(command, name) -> None:
    assert program_name(command) == name
