"""What looks into a crawl from outside, in each state."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from scrapy_leakwatch.doctor import outside
from scrapy_leakwatch.foundation import debugging
from scrapy_leakwatch.foundation.debugging import remote_debugging, tracing
from scrapy_leakwatch.records.diagnosed import (
    Examined,
    RemoteControlFound,
)
from scrapy_leakwatch.report import doctor as words
from tests.conftest import REACTORLESS, SELECT
from tests.doctor.examining import of, told, tree


@pytest.fixture
def controlled(monkeypatch, tmp_path):
    """Have a Scrapy with a remote control, whatever the one at hand has."""
    folder = tmp_path / "jobs"
    monkeypatch.setattr(outside, "remote_control_jobs", lambda _: folder)

    def controlled(**settings) -> RemoteControlFound:
        return outside.remote_control(
            of(**{"REMOTE_CONTROL_ENABLED": True, **ASYNCIO, **settings})
        )

    return controlled


ASYNCIO = {"TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor"}
CONTROL = "scrapy.extensions.remote_control.RemoteControl"


def test_a_remote_control_is_told(controlled, tmp_path) -> None:
    found = controlled()
    assert (found.level, found.folder) == ("ok", str(tmp_path / "jobs"))
    assert not (tmp_path / "jobs").exists()
    assert controlled(**REACTORLESS, TWISTED_REACTOR=None).asyncio


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"REMOTE_CONTROL_ENABLED": False}, "REMOTE_CONTROL_ENABLED is off"),
        ({"EXTENSIONS": {CONTROL: None}}, "EXTENSIONS switches it off"),
        (SELECT, "it needs asyncio"),
        ({"TWISTED_REACTOR": None}, "it needs asyncio"),
    ],
)
def test_a_remote_control_that_is_off_is_told(controlled, settings, cause) -> None:
    found = controlled(**settings)
    assert found.level == "no"
    said = words.words(Examined("remote control", "outside", found))
    assert cause in said.cause


def test_a_folder_of_another_user_is_no_place_for_job_files(
    controlled, tmp_path, monkeypatch
) -> None:
    (tmp_path / "jobs").mkdir()
    assert controlled().level == "ok"
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    found = controlled()
    assert (found.level, found.ours) == ("no", False)


def test_a_scrapy_without_a_remote_control_is_told(monkeypatch) -> None:
    monkeypatch.setattr(outside, "remote_control_jobs", lambda _: None)
    found = outside.remote_control(of())
    assert (found.level, found.exists) == ("no", False)


@pytest.mark.parametrize(
    ("scope", "capable", "whom"),
    [
        (None, False, "own"),
        (0, False, "own"),
        (1, False, "children"),
        (1, True, "own"),
        (2, False, "root"),
        (2, True, "own"),
        (3, True, "nobody"),
    ],
)
def test_yama_says_whom_a_process_may_look_into(tmp_path, scope, capable, whom) -> None:
    capabilities = 1 << 19 if capable else (1 << 41) - 1 & ~(1 << 19)
    files = {"proc/self/status": f"Name:\tx\nCapEff:\t{capabilities:016x}\n"}
    if scope is not None:
        files["proc/sys/kernel/yama/ptrace_scope"] = f"{scope}\n"
    assert tracing(tree(tmp_path, files)) == whom


@pytest.mark.parametrize(
    ("enabled", "state"), [(None, "missing"), (True, "on"), (False, "off")]
)
def test_python_may_be_asked_from_outside(monkeypatch, enabled, state) -> None:
    monkeypatch.delattr(sys, "is_remote_debug_enabled", raising=False)
    if enabled is not None:
        name = "is_remote_debug_enabled"
        monkeypatch.setattr(sys, name, lambda: enabled, raising=False)
    assert remote_debugging() == state


@pytest.mark.skipif(sys.version_info < (3, 14), reason="it can't be asked at all")
def test_the_environment_switches_that_off(command) -> None:
    ended = command("doctor", "--json", PYTHON_DISABLE_REMOTE_DEBUG="1")
    assert told(ended)["attach by pid"]["found"] == "switched off"


@pytest.mark.parametrize(
    ("remote", "whom", "level"),
    [
        ("on", "own", "ok"),
        ("on", "children", "limited"),
        ("on", "root", "no"),
        ("off", "own", "no"),
        ("missing", "own", "no"),
    ],
)
def test_a_process_is_attached_to_where_both_allow_it(
    monkeypatch, remote, whom, level
) -> None:
    monkeypatch.setattr(debugging, "remote_debugging", lambda: remote)
    monkeypatch.setattr(debugging, "tracing", lambda: whom)
    asked = []
    execute = lambda pid, script: asked.append(script)  # noqa: E731
    monkeypatch.setattr(sys, "remote_exec", execute, raising=False)
    assert outside.by_pid(of()).level == level
    assert asked == [os.devnull] * (level != "no")


def test_a_process_that_can_not_be_attached_to_after_all_is_told(monkeypatch) -> None:
    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(debugging, "remote_debugging", lambda: "on")
    monkeypatch.setattr(debugging, "tracing", lambda: "own")
    monkeypatch.setattr(sys, "remote_exec", refuse, raising=False)
    found = outside.by_pid(of())
    assert found.level == "no"
    assert os.strerror(errno.EPERM) in found.failed


def test_the_live_view_needs_a_terminal(monkeypatch) -> None:
    assert outside.terminal(of()).level == "limited"
    monkeypatch.setattr(outside, "has_screen", lambda: True)
    monkeypatch.setattr(outside.printing, "in_colour", lambda _: True)
    assert outside.terminal(of()).level == "ok"
