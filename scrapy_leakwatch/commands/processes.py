"""Whether this process may have another one run something, and if not, why.

All that `sys.remote_exec` says is that it can't, if that: so each cause is looked for
before, and named with its remedy.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psutil

from scrapy_leakwatch.commands.asked import LONGEST, CrawlGoneError
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation import debugging, redact
from scrapy_leakwatch.records import Unasked

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path("/")
CLOCKS_S = 5.0
"""By how much the clocks of the system and of a process may differ."""
MOST_WORDS = 20
"""Of a command line, in which Scrapy's command stands."""
LEAST = (3, 14)
"""The first Python that can run something for another process (PEP 768)."""
NOTHING = os.devnull
"""A script that does nothing, and is always there."""
_BINARY = re.compile(r"/(?:lib)?python(\d)\.(\d+)[^/\s]*$")
"""What is mapped where Python runs: its program, or its library."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Another user, whose process root attaches to."""

    uid: int
    gid: int


def is_one(pid: int) -> bool:
    """Tell whether a process has this number, and has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, OverflowError):
        return False


def is_as_old(pid: int, time: float) -> bool:
    """Tell whether a process was there at a time (seconds of the epoch), and still is.

    If not, the number may be another's by now.
    """
    try:
        began: float = psutil.Process(pid).create_time()
    except (psutil.Error, OverflowError):
        return False
    return is_one(pid) and began <= time + CLOCKS_S


def rss(pid: int) -> int | None:
    """Return the resident bytes of a process, None where the system does not tell."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OverflowError):
        return None


def that_crawl(known: set[int]) -> list[Unasked]:
    """Return the processes that seem to crawl, by their command, besides those known.

    Those whose command the system does not tell are not among them.
    """
    ours = psutil.Process().username()
    crawls = {
        process.pid: process.info
        for process in psutil.process_iter(["cmdline", "ppid", "username"])
        if _crawls(process.info["cmdline"] or ())
    }
    others = set(known)
    for pid, told in crawls.items():
        starter = crawls.get(told["ppid"])
        if starter is not None:  # it is a fork, or was started as by `timeout`
            forked = starter["cmdline"] == told["cmdline"]
            others.add(pid if forked else told["ppid"])
    found = []
    for pid in crawls.keys() - others:
        name = crawls[pid]["username"]
        found.append(Unasked(pid, None if name == ours else redact.text(str(name))))
    return sorted(found, key=lambda each: each.pid)


def _crawls(argv: Sequence[str]) -> bool:
    """Tell whether a command is that of a crawl, as Scrapy and Scrapyd start one."""
    names = [os.path.basename(each) for each in argv[:MOST_WORDS]]
    given = {name: names[number + 1 :] for number, name in enumerate(names)}
    after = given.get("scrapy") or given.get("scrapyd.runner") or [""]
    return after[0] in {"crawl", "runspider"} or after[:2] == ["leakwatch", "run"]


def owner(pid: int) -> Owner | None:
    """Return whose the process is, None where it is this user's own.

    Raises `CommandError` where this user or this Python can't attach to it.
    """
    if not hasattr(sys, "remote_exec"):
        raise CommandError(
            f"Process {pid} has no remote control that answers, and to attach without"
            f" takes Python {_written(LEAST)} or newer, here and there; this is Python"
            f" {_written(sys.version_info[:2])}."
        )
    if not hasattr(os, "geteuid"):
        raise CommandError(
            f"Process {pid} has no remote control that answers, and to attach without"
            " takes Linux or macOS."
        )
    try:
        process = psutil.Process(pid)
        uid, gid = process.uids().effective, process.gids().effective
        name = process.username()
    except (psutil.Error, OverflowError):
        raise gone(pid) from None
    ours = os.geteuid()
    if ours not in {0, uid}:
        raise CommandError(
            f"Process {pid} is of user {redact.text(name)}: only that user can attach"
            " to it, or root."
        )
    return None if ours == uid else Owner(uid, gid)


def check(pid: int, folder: Path, root: Path = ROOT) -> None:
    """Raise `CommandError` where it can be seen that the process can't be attached to.

    ``folder`` is what it is to reach. Only Linux tells; elsewhere all is tried.
    """
    if debugging.remote_debugging() == "off":
        raise CommandError(
            "Remote debugging is switched off for this command: unset"
            " PYTHON_DISABLE_REMOTE_DEBUG, or take a Python that was built with it."
        )
    proc = root / "proc" / str(pid)
    if not proc.is_dir():
        return
    try:
        mapped = (proc / "maps").read_text("utf-8", "replace").splitlines()
        seen = os.path.samefile(folder, f"{proc}/root{folder}")
    except PermissionError:
        raise _denied(pid, root) from None
    except OSError:
        mapped, seen = [], False
    if not is_one(pid):
        raise gone(pid)
    if not seen:
        raise CommandError(
            f"Process {pid} does not see {folder}: it runs in a container, or has a"
            " folder for temporary files of its own. Attach from inside, as by"
            " 'docker exec', or set TMPDIR to a folder that both see."
        )
    found = {match.groups() for line in mapped if (match := _BINARY.search(line))}
    versions = {(int(major), int(minor)) for major, minor in found}
    if not versions:
        raise CommandError(
            f"Process {pid} is no Python: name the process of the crawl itself, not a"
            " shell or a supervisor that started it."
        )
    if sys.version_info[:2] not in versions:
        _refuse_version(pid, max(versions))


def _refuse_version(pid: int, there: tuple[int, ...]) -> NoReturn:
    here = _written(sys.version_info[:2])
    if there < LEAST:
        raise CommandError(
            f"Process {pid} runs Python {_written(there)}: only {_written(LEAST)} and"
            " newer can be attached to. Its remote control (Scrapy 2.19) would do, or"
            " LeakWatch in its settings."
        )
    raise CommandError(
        f"Process {pid} runs Python {_written(there)}, and this is {here}: run this"
        " command with the Python of the crawl."
    )


def run(pid: int, script: Path) -> None:
    """Have a process run a script as soon as it can. Raises `CommandError`."""
    try:
        _remote_exec(pid, str(script))
    except PermissionError:
        raise _denied(pid) from None
    except (OSError, RuntimeError) as error:
        if not is_one(pid):
            raise gone(pid) from None
        reason = redact.text(str(error), LONGEST)
        if "not enabled" in reason:
            raise CommandError(
                f"Process {pid} was started with remote debugging switched off: start"
                " it without PYTHON_DISABLE_REMOTE_DEBUG and -X disable-remote-debug."
            ) from None
        raise CommandError(
            f"Python can't attach to process {pid}: {reason}. It takes a crawl with"
            f" the Python of this command, {_written(sys.version_info[:2])}."
        ) from None


def run_nothing(pid: int) -> None:
    """Have what a process was given, and has not come to, not be run any more.

    It remembers one script, and says so in its log when that is not there.
    """
    with suppress(OSError, RuntimeError):
        _remote_exec(pid, NOTHING)


def gone(pid: int) -> CrawlGoneError:
    """Return what to raise where there is no process of that number any more."""
    return CrawlGoneError(
        f"There is no process {pid}: it has ended. 'scrapy leakwatch attach' lists"
        " crawls with a remote control."
    )


def _denied(pid: int, root: Path = ROOT) -> CommandError:
    """Return why the system does not let this process into another of this user."""
    begin = f"The system does not let this command into process {pid}"
    if sys.platform == "darwin":
        return CommandError(f"{begin}: macOS lets only root; run it with sudo.")
    scope = debugging.ptrace_scope(root)
    if scope == 3:  # noqa: PLR2004, the last one
        return CommandError(
            f"{begin}: kernel.yama.ptrace_scope is 3, which nobody can change before"
            " the system starts anew."
        )
    if scope:
        lowered = " or lower it by 'sudo sysctl kernel.yama.ptrace_scope=0'"
        return CommandError(
            f"{begin}: kernel.yama.ptrace_scope is {scope}; run it with sudo,{lowered}."
        )
    return CommandError(
        f"{begin}: it may have more rights than you, or this is a container without"
        " SYS_PTRACE (docker run --cap-add=SYS_PTRACE); run it with sudo."
    )


def _remote_exec(pid: int, script: str) -> None:
    sys.remote_exec(pid, script)  # type: ignore[attr-defined,unused-ignore]


def _written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
