"""What is asked of the child; what it answers are the records of `records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import (
    Explanation,
    Layers,
    Origin,
    PathStep,
    Share,
    Unexplained,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BillRequest",
    "Explanation",
    "HeapProfile",
    "HoardQuestion",
    "Layers",
    "MemoryQuestion",
    "Origin",
    "PathStep",
    "Question",
    "ResourceQuestion",
    "Share",
    "StallQuestion",
    "Unexplained",
    "WaitingQuestion",
]


@dataclass(frozen=True, slots=True)
class Question:
    """Which objects are suspected.

    ``count`` of them are alive, ``unaccounted`` of those nobody may own. What
    a timer lets go of within ``soon_s`` seconds is on its way.
    """

    subject: str
    class_path: str
    spider: str
    count: int
    unaccounted: int = 0
    soon_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WaitingQuestion:
    """The requests that wait in memory: ``count`` of them do."""

    class_path: str
    spider: str
    count: int


@dataclass(frozen=True, slots=True)
class HoardQuestion:
    """Which container grows; the fields are those of `records.Container`.

    ``name`` may be that of several alike, such as ``spider.pages[*]``: then the
    largest of them, ``member``, is looked into, and ``total`` are the entries of all.
    """

    name: str
    member: str
    type: str
    owner: str
    origin: Origin
    spider: str
    len: int
    total: int

    @property
    def subject(self) -> str:
        """What is asked about."""
        return self.name

    @property
    def class_path(self) -> str:
        """The container's type, as far as it is known without a look."""
        return self.type


@dataclass(frozen=True, slots=True)
class StallQuestion:
    """What ``count`` callbacks of a spider wait for that do not end.

    That is so for ``since_s`` seconds.
    """

    subject: str
    class_path: str
    spider: str
    count: int
    since_s: float


@dataclass(frozen=True, slots=True)
class ResourceQuestion:
    """Who keeps the resources that pile up.

    ``counted_as`` is their field of `records.ResourceCounts`, ``count`` how many there
    are. ``fix`` helps where it is they that are kept, and no clients that have them.
    """

    subject: str
    counted_as: str
    spider: str
    count: int
    fix: str

    @property
    def class_path(self) -> str:
        """Return what is known of their class without a look: nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class MemoryQuestion:
    """Which layer the memory is in."""


@dataclass(frozen=True, slots=True)
class BillRequest:
    """Who has the memory; ``before`` has the bytes of the first bill.

    They are by owner and path, those of the owner itself by the path ``""``.
    ``received`` is the number of responses so far.
    """

    before: Mapping[tuple[str, str], int]
    received: int


@dataclass(frozen=True, slots=True)
class HeapProfile:
    """Guppy's view of the whole heap, as the text it prints."""

    text: str
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    child_memory_bytes: int = 0
