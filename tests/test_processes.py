"""Which process is attached to by its number, and why another is not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.commands import attach, processes, remote
from scrapy_leakwatch.commands.exits import CommandError
from tests.commanding import leakwatch
from tests.test_attach_pid import temporary, wait_until  # noqa: F401, for each test

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs sockets of Unix")


@pytest.fixture
def able(monkeypatch):
    """Have this Python able to attach, whichever it is; return what it was to run."""
    ran = []
    monkeypatch.setattr(sys, "remote_exec", lambda *what: ran.append(what), False)
    monkeypatch.setattr(sys, "is_remote_debug_enabled", lambda: True, False)
    return ran


@pytest.fixture
def nobody():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_an_older_python_names_the_one_it_takes(monkeypatch, capsys) -> None:
    monkeypatch.delattr(sys, "remote_exec", raising=False)
    assert leakwatch("attach", str(os.getpid())) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "takes Python 3.14 or newer, here and there" in line


def test_a_process_of_another_user_is_left_alone(able, monkeypatch, capsys) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert leakwatch("attach", str(os.getpid())) == 1
    assert "only that user can attach to it, or root" in capsys.readouterr().err
    assert not able


def test_a_process_that_has_ended_is_told_so(able, nobody, capsys) -> None:
    with pytest.raises(CommandError, match="There is no process"):
        processes.owner(nobody)
    with pytest.raises(CommandError, match="There is no process"):
        processes.owner(10**20)
    assert not processes.is_one(nobody)
    assert not processes.is_one(10**20)


def test_one_that_has_ended_and_nobody_has_noticed_is_none(able) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        wait_until(lambda: not processes.is_one(process.pid))


HERE = sys.version_info[:2]
MAPS = {
    "/usr/bin/bash": "is no Python: name the process of the crawl itself",
    "/home/a/python3.13/bin/thing": "is no Python",
    "/usr/bin/python3.9": "runs Python 3.9: only 3.14 and newer can be attached to",
    "/usr/bin/python3.99": "run this command with the Python of the crawl",
}


@pytest.fixture
def proc(tmp_path):
    """A root folder with what the system tells of a process."""
    folder = tmp_path / "proc" / str(os.getpid())
    folder.mkdir(parents=True)
    (folder / "root").symlink_to("/")
    (folder / "maps").write_text("7f00-7f01 r-xp 00000000 fe:00 1    /lib/libc.so.6\n")
    return folder


def put_map(proc, mapped) -> None:
    with (proc / "maps").open("a") as file:
        file.write(f"55b0-55b1 r-xp 00000000 fe:00 2     {mapped}\n")


@pytest.mark.parametrize("mapped", MAPS)
def test_which_python_runs_is_seen_before(able, proc, tmp_path, mapped) -> None:
    put_map(proc, mapped)
    with pytest.raises(CommandError, match=MAPS[mapped]):
        processes.check(os.getpid(), tmp_path, tmp_path)


@pytest.mark.parametrize("mapped", ["/usr/bin/python", "/opt/lib/libpython"])
def test_the_python_of_this_command_is_let_pass(able, proc, tmp_path, mapped) -> None:
    put_map(proc, "{}{}.{}".format(mapped, *HERE))
    processes.check(os.getpid(), tmp_path, tmp_path)


def test_a_process_in_a_container_is_told_so(able, proc, tmp_path) -> None:
    (proc / "root").unlink()
    (proc / "root").symlink_to(tmp_path)
    with pytest.raises(CommandError, match="runs in a container"):
        processes.check(os.getpid(), tmp_path, tmp_path)


def test_a_command_without_remote_debugging_says_how_to_have_it(
    able, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(sys, "is_remote_debug_enabled", lambda: False)
    with pytest.raises(CommandError, match="unset PYTHON_DISABLE_REMOTE_DEBUG"):
        processes.check(os.getpid(), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("scope", "remedy"),
    [
        ("1", "ptrace_scope is 1; run it with sudo, or lower it"),
        ("2", "ptrace_scope is 2; run it with sudo, or lower it"),
        ("3", "before the system starts anew"),
        ("0", "--cap-add=SYS_PTRACE"),
        (None, "--cap-add=SYS_PTRACE"),
    ],
)
def test_who_is_not_let_in_is_told_by_which_setting(
    proc, tmp_path, monkeypatch, scope, remedy
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "is_remote_debug_enabled", lambda: True, False)
    if scope is not None:
        setting = tmp_path / "proc/sys/kernel/yama/ptrace_scope"
        setting.parent.mkdir(parents=True)
        setting.write_text(f"{scope}\n")

    def refuse(*args):
        raise PermissionError

    monkeypatch.setattr(os.path, "samefile", refuse)
    with pytest.raises(CommandError, match=remedy):
        processes.check(os.getpid(), tmp_path, tmp_path)


def test_macos_takes_root(able, monkeypatch, tmp_path) -> None:
    def refuse(*args):
        raise PermissionError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "remote_exec", refuse)
    with pytest.raises(CommandError, match="macOS lets only root; run it with sudo"):
        processes.run(os.getpid(), tmp_path)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("Remote debugging is not enabled in the remote process", "switched off"),
        ("of\nits\x1b[2J own", "Python can't attach to process"),
    ],
)
def test_what_python_refuses_is_one_line(
    able, monkeypatch, tmp_path, error, told
) -> None:
    def refuse(*args):
        raise RuntimeError(error)

    monkeypatch.setattr(sys, "remote_exec", refuse)
    with pytest.raises(CommandError, match=told) as raised:
        processes.run(os.getpid(), tmp_path)
    assert str(raised.value).isprintable()


def test_a_pid_that_has_a_remote_control_is_asked_by_that(monkeypatch) -> None:
    job = remote.Job("1", os.getpid(), 1, "secret", "a", "b", 0.0, "2.19")
    monkeypatch.setattr(remote, "job_of", lambda pid, settings: job)
    monkeypatch.setattr(remote, "job_named", lambda name, settings: job)
    with attach.chosen(str(os.getpid()), Settings()) as found:
        assert found is job


@pytest.mark.parametrize("name", ["25:leaking", "25:2"])
def test_a_crawl_of_a_process_is_named_behind_its_pid(monkeypatch, name) -> None:
    asked = []
    monkeypatch.setattr(attach, "wired", lambda *what: asked.append(what))
    attach.chosen(name, Settings())
    assert asked == [(25, name.removeprefix("25:"))]


@pytest.mark.parametrize("name", ["shop:books", "12345678901", "\u00b2", "leaking"])
def test_what_is_no_pid_is_looked_for_among_the_crawls(monkeypatch, name) -> None:
    asked = []
    monkeypatch.setattr(remote, "job_named", lambda name, settings: asked.append(name))
    attach.chosen(name, Settings())
    assert asked == [name]
