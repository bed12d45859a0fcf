"""How much memory the process may use before something ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from scrapy_leakwatch.foundation.cgroups import memory_groups

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

MEGABYTE = 1024 * 1024
OF_CONTAINER = 0.9
"""What of a container's limit ``auto`` is."""
UNLIMITED = 1 << 60
"""cgroup v1 has no word for it; it gives a number of about this size."""


class Limits(NamedTuple):
    """Limits in bytes, None where there is none.

    At that of the ``process`` Scrapy's memory usage extension closes the spider. That
    of the ``container`` (cgroup v1 or v2) is for its child processes, too, as is
    LeakWatch's ``own``.
    """

    process: int | None
    container: int | None
    own: int | None = None

    def nearest(self, rss: int, children: int) -> int | None:
        """Return the limit to which least is left, as long as the process grows."""
        whole = rss + children
        used = {self.process: rss, self.container: whole, self.own: whole}
        known = [limit for limit in used if limit is not None]
        return min(known, key=lambda limit: limit - used[limit], default=None)


def limits(
    settings: BaseSettings,
    root: Path = Path("/"),
    own_mb: float | Literal["auto"] = 0,
) -> Limits:
    """Return the limits of this process; below ``root`` are /proc and /sys.

    ``own_mb`` is LEAKWATCH_RSS_LIMIT_MB, in mebibytes.
    """
    process = 0
    if settings.getbool("MEMUSAGE_ENABLED"):
        process = settings.getint("MEMUSAGE_LIMIT_MB") * MEGABYTE
    container = _lowest([group.limit or 0 for group in memory_groups(root)])
    own = of_container(container or 0) if own_mb == "auto" else own_mb * MEGABYTE
    return Limits(_lowest([process]), container, _lowest([int(own)]))


def of_container(container: int, beside: int = 0) -> float:
    """Return what ``auto`` is, in bytes, where others have so many ``beside`` it."""
    return OF_CONTAINER * (container - beside)


def _lowest(limits: list[int]) -> int | None:
    return min((limit for limit in limits if 0 < limit < UNLIMITED), default=None)
