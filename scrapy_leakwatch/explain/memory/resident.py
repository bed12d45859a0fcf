"""Which pages of this process are in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from scrapy_leakwatch.foundation import clock
from scrapy_leakwatch.foundation.cgroups import read

_SELF = Path("/proc/self")


def known_here() -> dict[str, Any]:
    """Return the fields of `Layers` that only the process itself can tell.

    A child does not inherit the pages of mapped files.
    """
    files = _in_bytes("status", "RssFile") or None
    return {"time": clock.now(), "rss": bytes_here(), "files": files}


def bytes_here() -> int:
    """Return the resident bytes of this process."""
    return int(psutil.Process().memory_info().rss)


def bytes_of(kind: str) -> int:
    """Return the resident bytes of one ``kind``, 0 where the kernel does not tell.

    The kernel counts the pages for it: that is exact, and not quick.
    """
    return _in_bytes("smaps_rollup", kind)


def _in_bytes(file: str, key: str) -> int:
    for line in read(_SELF / file).splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0
