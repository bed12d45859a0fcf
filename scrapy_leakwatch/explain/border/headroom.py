"""How much memory a child may still take before somebody is ended for it."""

from __future__ import annotations

from pathlib import Path

from scrapy_leakwatch.foundation.cgroups import memory_groups, read


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
