"""How much memory the process may use before something ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation.cgroups import memory_groups

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

MEGABYTE = 1024 * 1024
UNLIMITED = 1 << 60
"""cgroup v1 has no word for it; it gives a number of about this size."""


def memory_limit(settings: BaseSettings, root: Path = Path("/")) -> int | None:
    """Return the lowest limit in bytes, None where there is none.

    It is the one at which Scrapy's memory usage extension closes the spider, or
    that of the container (cgroup v1 or v2); below ``root`` are /proc and /sys.
    """
    limits = [group.limit or 0 for group in memory_groups(root)]
    if settings.getbool("MEMUSAGE_ENABLED"):
        limits.append(settings.getint("MEMUSAGE_LIMIT_MB") * MEGABYTE)
    return min((limit for limit in limits if 0 < limit < UNLIMITED), default=None)
