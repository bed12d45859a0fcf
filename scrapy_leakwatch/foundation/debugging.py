"""Whether one process may look into another: what the kernel and Python allow."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal

from scrapy_leakwatch.foundation.cgroups import read

ROOT = Path("/")
_SYS_PTRACE = 19
"""The capability that is above the rules of who may trace whom (capability.h)."""

RemoteDebugging = Literal["on", "off", "missing"]
Tracing = Literal["own", "children", "root", "nobody"]
"""Whom a process may look into: any of its user's, only what it has started itself,
none without a privilege it lacks, or none at all."""


def remote_debugging() -> RemoteDebugging:
    """Tell whether another process may have this Python run a script.

    It is ``missing`` before Python 3.14, and ``off`` where the environment
    (``PYTHON_DISABLE_REMOTE_DEBUG``), ``-X disable_remote_debug`` or the build says so.
    """
    is_enabled: Any = getattr(sys, "is_remote_debug_enabled", None)
    if is_enabled is None:
        return "missing"
    return "on" if is_enabled() else "off"


def tracing(root: Path = ROOT) -> Tracing:
    """Tell whom the kernel lets this process look into; /proc is below ``root``.

    Linux asks Yama for it, where that is built in. macOS lets only root.
    """
    if sys.platform == "darwin":
        return "own" if os.getuid() == 0 else "root"
    scope = ptrace_scope(root)
    if scope is None or scope == 0:
        return "own"
    if scope > 2:  # noqa: PLR2004, the last one that can be changed
        return "nobody"
    if may_trace_all(root):
        return "own"
    return "children" if scope == 1 else "root"


def ptrace_scope(root: Path = ROOT) -> int | None:
    """Return the scope of Yama, from 0 (all) to 3 (nobody); None without Yama."""
    found = read(root / "proc/sys/kernel/yama/ptrace_scope").strip()
    return int(found) if found.isdecimal() else None


def may_trace_all(root: Path = ROOT) -> bool:
    """Tell whether this process has the capability to trace any other."""
    for line in read(root / "proc/self/status").splitlines():
        key, _, value = line.partition(":")
        if key == "CapEff":
            return bool(int(value, 16) >> _SYS_PTRACE & 1)
    return False
