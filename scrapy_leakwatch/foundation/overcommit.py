"""What the kernel still promises, where it promises no more than it has.

A fork asks for as much as its parent could write to. Usually the kernel promises more
than there is, for few write to all of it. In its strict mode (2) it does not, and a
large process can't be forked however much memory is free.
"""

from __future__ import annotations

from pathlib import Path

from scrapy_leakwatch.foundation.cgroups import read

_STRICT = "2"


def commit_left(root: Path = Path("/")) -> int | None:
    """Return the bytes it still promises, None where it does not count so strictly.

    Below ``root`` is /proc.
    """
    if read(root / "proc/sys/vm/overcommit_memory").strip() != _STRICT:
        return None
    known = {}
    for line in read(root / "proc/meminfo").splitlines():
        key, _, value = line.partition(":")
        if key in {"CommitLimit", "Committed_AS"}:
            known[key] = int(value.split()[0]) * 1024
    if len(known) < 2:  # noqa: PLR2004, both
        return None
    return max(known["CommitLimit"] - known["Committed_AS"], 0)
