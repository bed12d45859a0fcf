"""How much memory the process may use before something ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.foundation.cgroups import memory_groups

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

MEGABYTE = 1024 * 1024
UNLIMITED = 1 << 60
"""cgroup v1 has no word for it; it gives a number of about this size."""


class Limits(NamedTuple):
    """Limits in bytes, None where there is none.

    At that of the ``process`` Scrapy's memory usage extension closes the spider. That
    of the ``container`` (cgroup v1 or v2) is for its child processes, too.
    """

    process: int | None
    container: int | None

    def nearest(self, rss: int, children: int) -> int | None:
        """Return the limit to which least is left, as long as the process grows."""
        used = {self.process: rss, self.container: rss + children}
        known = [limit for limit in used if limit is not None]
        return min(known, key=lambda limit: limit - used[limit], default=None)


def limits(settings: BaseSettings, root: Path = Path("/")) -> Limits:
    """Return the limits of this process; below ``root`` are /proc and /sys."""
    process = 0
    if settings.getbool("MEMUSAGE_ENABLED"):
        process = settings.getint("MEMUSAGE_LIMIT_MB") * MEGABYTE
    container = [group.limit or 0 for group in memory_groups(root)]
    return Limits(_lowest([process]), _lowest(container))


def _lowest(limits: list[int]) -> int | None:
    return min((limit for limit in limits if 0 < limit < UNLIMITED), default=None)
