"""What it takes to look who holds what, in each state."""

from __future__ import annotations

import errno
import os

import pytest

from scrapy_leakwatch.doctor import looking
from scrapy_leakwatch.foundation.overcommit import commit_left
from scrapy_leakwatch.records.diagnosed import (
    Examined,
    GuppyFound,
)
from scrapy_leakwatch.report import doctor as words
from tests.doctor.examining import MB, of, tree


def test_a_child_answers() -> None:
    found = looking.fork(of())
    assert (found.level, found.failed) == ("ok", "")
    assert found.took_ms > 0


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EAGAIN, "ulimit -u"),
        (errno.ENOMEM, "vm.overcommit_memory"),
        (errno.EPERM, "seccomp"),
        (errno.ENOSYS, "seccomp"),
    ],
)
def test_a_refused_fork_has_its_remedy(monkeypatch, code, remedy) -> None:
    def refuse():
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fork", refuse)
    found = looking.fork(of())
    assert (found.level, found.errno) == ("no", code)
    said = words.words(Examined("fork", "look", found))
    assert os.strerror(code) in said.cause
    assert remedy in said.remedy
    assert looking.bill(of()).failed == found.failed
    assert looking.malloc(of()).layers.reason == found.failed


def test_a_child_that_does_not_answer_is_told(monkeypatch) -> None:
    from scrapy_leakwatch.explain.border import inside

    monkeypatch.setattr(inside, "serve", lambda *_: os._exit(3))
    found = looking.fork(of())
    assert found.level == "no"
    assert found.failed == "the child ended without an answer"


def test_a_child_that_hangs_is_given_up(monkeypatch) -> None:
    from scrapy_leakwatch.explain.border import inside

    monkeypatch.setattr(inside, "serve", lambda *_: os.read(os.pipe()[0], 1))
    monkeypatch.setattr(looking, "LONGEST_S", 0.05)
    assert looking.fork(of()).level == "no"


def test_a_system_without_fork_is_told(monkeypatch) -> None:
    monkeypatch.delattr(os, "fork")
    found = looking.fork(of())
    assert (found.level, found.exists) == ("no", False)
    assert "Linux" in words.words(Examined("fork", "look", found)).remedy


@pytest.mark.parametrize(
    ("mode", "left"), [("0\n", None), ("1\n", None), ("2\n", 300 * 1024), ("", None)]
)
def test_a_kernel_may_promise_no_more_than_it_has(tmp_path, mode, left) -> None:
    meminfo = "MemAvailable: 9 kB\nCommitLimit: 1000 kB\nCommitted_AS: 700 kB\n"
    root = tree(
        tmp_path, {"proc/sys/vm/overcommit_memory": mode, "proc/meminfo": meminfo}
    )
    assert commit_left(root) == left
    assert looking.room(of(), root).commit_left == left


@pytest.mark.parametrize(("free", "level"), [(200 * MB, "limited"), (900 * MB, "ok")])
def test_little_room_is_told(tmp_path, free, level) -> None:
    root = tree(tmp_path, {"proc/meminfo": f"MemAvailable: {free // 1024} kB\n"})
    found = looking.room(of(), root)
    assert (found.level, found.left) == (level, free)
    assert found.share == looking.graph.SHARE_TO_COPY


def test_a_walk_that_was_not_built_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(looking.graph, "IN_C", False)
    monkeypatch.setattr(looking.heap, "__path__", [str(tmp_path)])
    monkeypatch.setattr(looking.shutil, "which", lambda _: None)
    found = looking.walk(of())
    assert (found.level, found.built, found.compiler) == ("limited", (), False)
    assert "a C compiler" in words.words(Examined("C walk", "look", found)).remedy
    tree(tmp_path, {"_graph.c": "", "_graph.cpython-399.so": ""})
    found = looking.walk(of())
    assert found.built == ("_graph.cpython-399.so",)
    assert found.built[0] in words.words(Examined("C walk", "look", found)).cause


def test_a_bill_is_taken_whatever_the_settings_want() -> None:
    assert looking.bill(of()).level == "ok"
    for name in ("LEAKWATCH_BILL", "LEAKWATCH_EXPLAIN"):
        found = looking.bill(of(**{name: False}))
        assert (found.level, found.failed, found.wanted) == ("limited", "", False)


def test_a_bill_waits_as_long_as_one_of_a_crawl() -> None:
    found = looking.bill(of(LEAKWATCH_EXPLAIN_TIMEOUT=1e-5))
    assert found.level != "ok"


def test_another_malloc_is_named(monkeypatch, tmp_path) -> None:
    from scrapy_leakwatch.explain.memory import allocators

    monkeypatch.setattr(allocators, "_is_in_charge", lambda: False)
    found = looking.malloc(of())
    assert found.level == "limited"
    assert "another malloc is in charge" in found.layers.reason
    line = "7f0-7f1 r-xp 0 08:01 9 /usr/lib/x86_64-linux-gnu/"
    maps = f"{line}libjemalloc.so.2\n{line}libc.so.6\n{line}libjemalloc.so.2\n1-2 rw\n"
    tree(tmp_path, {"maps": maps})
    assert looking._other_mallocs(tmp_path / "maps") == ("libjemalloc.so.2",)


def test_giving_back_that_is_wanted_and_can_not_be_is_told(monkeypatch) -> None:
    monkeypatch.setattr(looking, "malloc_trim", lambda: None)
    assert looking.malloc(of()).level == "ok"
    assert looking.malloc(of(LEAKWATCH_TRIM=True)).level == "limited"


def test_a_missing_guppy_is_told(monkeypatch) -> None:
    monkeypatch.setattr(looking.profiles, "missing", lambda: "Guppy is not installed")
    assert looking.guppy(of()) == GuppyFound("limited", "Guppy is not installed")
