"""How much more of a resource the system lets the process have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.records import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Sample


def room_for(name: str, sample: Sample) -> Room | None:
    """Return the room for what a field of `ResourceCounts` counts, None if unbounded.

    Files and sockets share one limit, threads and child processes another.
    """
    counts, limits = sample.resources, sample.limits
    if counts is None or limits is None:
        return None
    if name in {"files", "sockets"} and limits.descriptors is not None:
        if counts.files is None or counts.sockets is None:
            return None
        left = max(limits.descriptors - counts.files - counts.sockets, 0)
        return Room("descriptors", limits.descriptors, left)
    if name in {"threads", "children"} and limits.pids is not None:
        return Room("pids", limits.pids, limits.pids_free or 0)
    if name == "pages" and limits.pages is not None:
        return Room("pages", limits.pages, max(limits.pages_free or 0, 0))
    return None


def near(sample: Sample) -> Iterator[Room]:
    """Yield the limits of which most is used, growing or not."""
    for name in ("files", "threads"):
        room = room_for(name, sample)
        if room and room.used >= thresholds.RESOURCES_NEAR * room.limit:
            yield room
