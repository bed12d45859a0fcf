"""The control groups that hold this process, of either version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Group(NamedTuple):
    """The folder of a group that accounts for memory, and what its files are."""

    folder: Path
    limit_file: str
    usage_file: str
    cache_key: str

    @property
    def limit(self) -> int | None:
        """The bytes at which the kernel ends a process of the group."""
        return _number(read(self.folder / self.limit_file))

    @property
    def usage(self) -> int | None:
        """The bytes in use, without files that the kernel can drop at once."""
        used = _number(read(self.folder / self.usage_file))
        if used is None:
            return None
        for line in read(self.folder / "memory.stat").splitlines():
            key, _, value = line.partition(" ")
            if key == self.cache_key:
                used -= _number(value) or 0
        return max(used, 0)


def memory_groups(root: Path = Path("/")) -> Iterator[Group]:
    """Yield the group of this process and all it is in: each one's limit holds.

    Below ``root`` are /proc and /sys.
    """
    for folder, version in _folders(root, "memory"):
        yield Group(folder, *_MEMORY_FILES[version])


def pids_left(root: Path = Path("/")) -> tuple[int, int] | None:
    """Return the limit of threads and processes, and how many more can be started.

    Of the group of this process or one around it, whichever has the fewest left; None
    without a limit.
    """
    found = []
    for folder, _ in _folders(root, "pids"):
        most = _number(read(folder / "pids.max"))
        if most is not None:
            now = _number(read(folder / "pids.current")) or 0
            found.append((most, max(most - now, 0)))
    return min(found, key=lambda each: each[1], default=None)


def _folders(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """Yield the group and all it is in, each with the version of control groups."""
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (line + "::").split(":")[:3]
        if controllers == "":
            mount, version = root / "sys/fs/cgroup", 2
        elif controller in controllers.split(","):
            mount, version = root / "sys/fs/cgroup" / controller, 1
        else:
            continue
        group = mount / path.strip("/")
        for folder in (group, *group.parents):
            yield folder, version
            if folder == mount:
                break


def oom_kills(folder: Path) -> int | None:
    """Return how often the OOM killer struck in a group, None where nothing tells."""
    for name in ("memory.events", "memory.oom_control"):
        for line in read(folder / name).splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return _number(value)
    return None


_MEMORY_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}


def read(path: Path) -> str:
    """Return the text of a file, empty where there is none to be had."""
    try:
        return path.read_text()
    except (OSError, ValueError):  # not Linux, or not ours to see
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None
