"""What looks into a running crawl from outside, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.doctor.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.foundation.debugging import Tracing
    from scrapy_leakwatch.records.diagnosed import (
        DebuggingFound,
        RemoteControlFound,
        TerminalFound,
    )


def _remote_control(found: RemoteControlFound) -> Said:
    if not found.exists:
        return Said(
            "none: no attach, top or bill by a crawl's name",
            f"Scrapy {found.scrapy} has none",
            'pip install "Scrapy>=2.19"; recordings can be watched as ever',
        )
    text = "off: no attach, top or bill by a crawl's name"
    if not found.enabled:
        return Said(
            text,
            "REMOTE_CONTROL_ENABLED is off, or EXTENSIONS switches it off",
            "leave both as Scrapy has them",
        )
    if not found.asyncio:
        return Said(
            text,
            "it needs asyncio, which TWISTED_REACTOR does not have",
            "leave TWISTED_REACTOR out for Scrapy's default",
        )
    if found.failed or not found.ours:
        return Said(
            text,
            f"{found.folder}: {found.failed or 'it is of another user'}",
            "name a folder of your own in REMOTE_CONTROL_JOBS_DIR",
        )
    return Said(f"attach, top and bill find crawls in {found.folder}")


def _by_pid(found: DebuggingFound) -> Said:
    if found.remote == "missing":
        return Said(
            "none",
            f"Python {found.python} can't be asked from outside",
            "run the crawls with Python 3.14 or newer, or attach by remote control",
        )
    if found.remote == "off":
        return Said(
            "switched off",
            "PYTHON_DISABLE_REMOTE_DEBUG, -X disable_remote_debug or the build says so",
            "start the crawl without them",
        )
    if found.failed:
        return Said(
            "not even a child can be looked into",
            found.failed,
            "attach with sudo; a container needs --cap-add SYS_PTRACE",
        )
    return TRACING[found.tracing]


def _terminal(found: TerminalFound) -> Said:
    if found.screen and found.colours:
        return Said(f"colours, and a live view of {found.columns} columns")
    if not found.screen:
        return Said(
            "plain text, and top once",
            "input or output is no terminal",
            "run it in one, without a pipe ('docker run -it', 'ssh -t')",
        )
    return Said(
        "plain text",
        f"it has {found.columns} columns",
        "make the window wider",
    )


TRACING: dict[Tracing, Said] = {
    "own": Said("crawls of this Python and this user can be looked into"),
    "children": Said(
        "only what this shell has started",
        "Yama lets a process look only at its own children (ptrace_scope 1)",
        "'sudo sysctl kernel.yama.ptrace_scope=0', or attach with sudo; a container"
        " needs --cap-add SYS_PTRACE",
    ),
    "root": Said(
        "only root can",
        "the system lets nobody else look into a process",
        "attach with sudo",
    ),
    "nobody": Said(
        "nobody can",
        "Yama lets nobody look into a process until the machine starts anew"
        " (ptrace_scope 3)",
        "set kernel.yama.ptrace_scope lower in /etc/sysctl.d, and start anew",
    ),
}
"""By whom the system lets a process look into."""

WORDS: dict[str, Callable[[Any], Said]] = {
    "remote control": _remote_control,
    "attach by pid": _by_pid,
    "terminal": _terminal,
}
