"""How much memory the process may use before something ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.settings import BaseSettings

MEGABYTE = 1024 * 1024
UNLIMITED = 1 << 60
"""cgroup v1 has no word for it; it gives a number of about this size."""


def memory_limit(settings: BaseSettings, root: Path = Path("/")) -> int | None:
    """Return the lowest limit in bytes, None where there is none.

    It is the one at which Scrapy's memory usage extension closes the spider, or
    that of the container (cgroup v1 or v2); below ``root`` are /proc and /sys.
    """
    limits = list(_container_limits(root))
    if settings.getbool("MEMUSAGE_ENABLED"):
        limits.append(settings.getint("MEMUSAGE_LIMIT_MB") * MEGABYTE)
    return min((limit for limit in limits if 0 < limit < UNLIMITED), default=None)


def _container_limits(root: Path) -> Iterator[int]:
    groups = _read(root / "proc/self/cgroup")
    for line in groups.splitlines():
        _, controllers, path = (line + "::").split(":")[:3]
        if controllers == "":
            yield from _limits_above(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            mount = root / "sys/fs/cgroup/memory"
            yield from _limits_above(mount, path, "memory.limit_in_bytes")


def _limits_above(mount: Path, path: str, name: str) -> Iterator[int]:
    """Yield the limits of a group and of all it is in: each of them holds."""
    group = mount / path.strip("/")
    for folder in (group, *group.parents):
        value = _read(folder / name).strip()
        if value.isdecimal():
            yield int(value)
        if folder == mount:
            return


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):  # not Linux, or not ours to see
        return ""
