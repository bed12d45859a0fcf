"""What looks into a running crawl from outside, and where it shows that."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING, Any

import scrapy

from scrapy_leakwatch.commands import printing
from scrapy_leakwatch.commands.top import has_screen
from scrapy_leakwatch.doctor.keeping import place
from scrapy_leakwatch.doctor.other_process import other_process
from scrapy_leakwatch.doctor.patient import reason
from scrapy_leakwatch.foundation import debugging
from scrapy_leakwatch.internals.versions import (
    has_asyncio,
    remote_control_is_on,
    remote_control_jobs,
)
from scrapy_leakwatch.records.diagnosed import (
    DebuggingFound,
    RemoteControlFound,
    TerminalFound,
)

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy_leakwatch.doctor.patient import Patient
    from scrapy_leakwatch.records.diagnosed import Level


def remote_control(patient: Patient) -> RemoteControlFound:
    """Tell whether a crawl can be attached to by its id or spider."""
    folder, version = remote_control_jobs(patient.settings), scrapy.__version__
    if folder is None:
        return RemoteControlFound("no", version, exists=False)
    enabled = remote_control_is_on(patient.settings)
    asyncio = has_asyncio(patient.settings)
    failed, is_ours = place(folder).failed, _is_ours(folder)
    works = enabled and asyncio and is_ours and not failed
    return RemoteControlFound(
        "ok" if works else "no",
        version,
        enabled=enabled,
        asyncio=asyncio,
        folder=str(folder),
        failed=failed,
        ours=is_ours,
    )


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is this user's, or not there: Scrapy makes it private."""
    if not hasattr(os, "getuid") or not folder.exists():
        return True
    return folder.stat().st_uid == os.getuid()


def by_pid(_: Patient) -> DebuggingFound:
    """Tell whether a crawl of this Python can be attached to by its process id."""
    remote, tracing = debugging.remote_debugging(), debugging.tracing()
    possible = remote == "on" and tracing in {"own", "children"}
    failed = _failed_on_a_child() if possible else ""
    level: Level = "no"
    if possible and not failed:
        level = "ok" if tracing == "own" else "limited"
    return DebuggingFound(level, platform.python_version(), remote, tracing, failed)


def _failed_on_a_child() -> str:
    """Have a child of this process run an empty script; return why it can't."""
    remote_exec: Any = sys.remote_exec  # type: ignore[attr-defined,unused-ignore]
    try:
        with other_process() as pid:
            remote_exec(pid, os.devnull)
    except (OSError, RuntimeError) as error:
        return reason(error)
    return ""


def terminal(_: Patient) -> TerminalFound:
    """Tell what the live view has to draw on."""
    screen, colours = has_screen(), printing.in_colour(sys.stdout)
    level: Level = "ok" if screen and colours else "limited"
    return TerminalFound(level, screen, colours, printing.width())
