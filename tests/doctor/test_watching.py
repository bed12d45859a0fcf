"""What a crawl needs to be watched, in each state."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.doctor import watching
from scrapy_leakwatch.doctor.patient import patient
from scrapy_leakwatch.records.diagnosed import (
    Examined,
    SettingsFound,
)
from scrapy_leakwatch.report import doctor as words
from tests.conftest import REACTORLESS, SELECT
from tests.doctor.examining import MB, of, tree


def test_this_python_is_told() -> None:
    found = watching.python(of())
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.level == ("limited" if found.in_increments or found.debug else "ok")


@pytest.mark.parametrize(
    ("name", "value", "level", "cause"),
    [
        ("refusal", "a free-threaded build", "no", "a free-threaded build"),
        ("in_increments", True, "limited", "no full collections"),
    ],
)
def test_a_python_of_another_kind_is_told(
    monkeypatch, name, value, level, cause
) -> None:
    monkeypatch.setattr(watching.collector, name, lambda: value)
    found = watching.python(of())
    assert found.level == level
    assert cause in words.words(Examined("Python", "watch", found)).cause


def test_a_debug_build_is_told(monkeypatch) -> None:
    monkeypatch.setattr(sys, "gettotalrefcount", lambda: 1, raising=False)
    found = watching.python(of())
    assert (found.level, found.debug) == ("limited", True)


def test_another_implementation_of_python_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(watching.platform, "python_implementation", lambda: "PyPy")
    assert watching.python(of()).level == "no"


def test_a_scrapy_that_is_too_old_is_told(monkeypatch) -> None:
    monkeypatch.setattr(watching.scrapy, "version_info", (2, 11, 2))
    assert watching.scrapy_itself(of()).level == "no"


def test_the_reactor_is_that_of_the_settings() -> None:
    assert watching.scrapy_itself(of(**SELECT)).reactor == "SelectReactor"
    assert watching.scrapy_itself(of(TWISTED_REACTOR=None)).reactor == ""
    found = watching.scrapy_itself(of(**REACTORLESS, **SELECT))
    assert found.reactorless
    assert found.reactor == ""


def test_a_class_for_a_reactor_is_named() -> None:
    from twisted.internet.selectreactor import SelectReactor

    found = watching.scrapy_itself(of(TWISTED_REACTOR=SelectReactor))
    assert found.reactor == "SelectReactor"


def test_the_settings_that_are_set_are_named() -> None:
    found = watching.settings(of(LEAKWATCH_TRIM=True, LEAKWATCH_INTERVAL=3))
    assert found == SettingsFound("ok", ("LEAKWATCH_INTERVAL", "LEAKWATCH_TRIM"))


def test_a_setting_whose_package_is_missing_is_named(monkeypatch) -> None:
    monkeypatch.setattr("scrapy_leakwatch.export.ways.find_spec", lambda _: None)
    found = watching.settings(of(LEAKWATCH_PROMETHEUS_PORT=0))
    assert (found.level, found.lacking) == ("limited", "LEAKWATCH_PROMETHEUS_PORT")
    assert found.remedy == 'pip install "scrapy-leakwatch[prometheus]"'
    assert watching.settings(of()).level == "ok"


def test_leakwatch_may_be_switched_off() -> None:
    found = watching.settings(of(LEAKWATCH_ENABLED=False))
    assert (found.level, found.enabled) == ("limited", False)


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"EXTENSIONS": {"scrapy_leakwatch.LeakWatch": 5}}, "ok"),
        ({"ADDONS": {"scrapy_leakwatch.LeakWatchAddon": 5}}, "ok"),
        ({"EXTENSIONS": {"scrapy_leakwatch.LeakWatch": None}}, "limited"),
        ({}, "limited"),
    ],
)
def test_crawls_are_watched_where_an_extension_or_add_on_says_so(
    settings, level
) -> None:
    assert watching.extension(of(**settings)).level == level


def test_an_add_on_changes_no_settings_but_those_examined() -> None:
    settings = Settings({"ADDONS": {"scrapy_leakwatch.LeakWatchAddon": 5}})
    patient(settings)
    assert not settings["EXTENSIONS"]


def test_requests_are_counted_unless_somebody_has_switched_that_off(
    monkeypatch,
) -> None:
    assert watching.live_objects(of()).level == "ok"
    monkeypatch.setattr(watching.live_refs, "alive", list)
    assert watching.live_objects(of()).level == "no"


def test_what_the_kernel_does_not_tell_is_named(monkeypatch) -> None:
    assert watching.memory(of()).missing == ()
    monkeypatch.setattr(watching.process_tree, "is_listed", lambda: False)
    monkeypatch.setattr(watching.resident, "bytes_of", lambda _: 0)
    found = watching.memory(of())
    assert found.level == "limited"
    assert found.missing == (
        "/proc/self/smaps_rollup", "/proc/self/task/*/children",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "hides"),
    [("rw,hidepid=2", True), ("rw,hidepid=invisible", True), ("rw,hidepid=0", False),
     ("rw,hidepid=off", False), ("rw", False)],
)  # fmt: skip
def test_processes_may_be_hidden(tmp_path, options, hides) -> None:
    tree(
        tmp_path, {"mounts": f"sys /sys sysfs rw 0 0\nproc /proc proc {options} 0 0\n"}
    )
    assert watching._hides_processes(tmp_path / "mounts") is hides


def test_the_limit_of_a_container_is_also_that_of_a_group_around_it(tmp_path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/memory.max": f"{900 * MB}\n",
        },
    )
    found = watching.memory_limit(of(), root)
    assert (found.level, found.limit, found.of) == ("ok", 900 * MB, "container")
    found = watching.memory_limit(of(MEMUSAGE_LIMIT_MB=300), root)
    assert (found.limit, found.of) == (300 * MB, "process")
    assert watching.memory_limit(of(), tmp_path / "none").limit is None


def test_a_child_process_is_counted(monkeypatch) -> None:
    found = watching.children(of(LEAKWATCH_CHILDREN=False))
    assert found.bytes > 1_000_000
    assert (found.level, found.wanted) == ("limited", False)
    handlers = {"https": watching.browsers.HANDLER}
    assert watching.children(of(DOWNLOAD_HANDLERS=handlers)).playwright


def test_a_child_process_that_can_not_be_started_is_told(monkeypatch) -> None:
    def refuse(*_, **__):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    found = watching.children(of())
    assert (found.level, found.failed) == ("no", os.strerror(errno.EAGAIN))
