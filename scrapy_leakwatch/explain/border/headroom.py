"""How much memory a child may still take before somebody is ended for it."""

from __future__ import annotations

from pathlib import Path

from scrapy_leakwatch.foundation.cgroups import memory_groups, read
from scrapy_leakwatch.heap.graph import SHARE_TO_COPY


def shortage(rss: int) -> str:
    """Return what a walk takes in a process of ``rss`` bytes and what is left.

    Empty where that is enough, or where the system does not tell.
    """
    left, needed = available(), int(SHARE_TO_COPY * rss)
    if left is None or left >= needed:
        return ""
    return f"{needed / 1e6:,.0f} MB, and {left / 1e6:,.0f} MB are left"


def available(root: Path = Path("/")) -> int | None:
    """Return the bytes that are left, to the machine and to its containers.

    None where the system does not tell. Below ``root`` are /proc and /sys.
    """
    left = [
        group.limit - group.usage
        for group in memory_groups(root)
        if group.limit is not None and group.usage is not None
    ]
    left += [
        int(line.split()[1]) * 1024
        for line in read(root / "proc/meminfo").splitlines()
        if line.startswith("MemAvailable:")
    ]
    return max(min(left), 0) if left else None
