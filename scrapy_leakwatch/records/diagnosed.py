"""What the doctor found: what works here, and what stands in the way of the rest.

A record for each check. ``level`` says what it comes to: ``ok``, ``limited`` where
LeakWatch does without, ``no`` where something does not work at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from scrapy_leakwatch.records.explained import Layers

Level = Literal["ok", "limited", "no"]
Part = Literal["watch", "look", "keep", "outside"]
"""To watch a crawl, to look who holds what, to keep what was found, and to look into a
crawl from outside."""


@dataclass(frozen=True, slots=True)
class PythonFound:
    """The Python that runs, and why LeakWatch ``refused`` it, empty if it does not.

    ``in_increments``: its collector never looks at all objects at once.
    """

    level: Level
    version: str
    implementation: str
    refused: str = ""
    in_increments: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class ScrapyFound:
    """Scrapy and what drives its crawls.

    ``reactor`` is the class, empty for Twisted's default. ``reactorless``: asyncio
    alone. ``failed`` says why the reactor of the settings can't be had.
    """

    level: Level
    scrapy: str
    twisted: str
    reactor: str
    reactorless: bool = False
    failed: str = ""


@dataclass(frozen=True, slots=True)
class SettingsFound:
    """LeakWatch's settings: the names of those set, and what is wrong with one.

    ``addon_failed`` is the error of an add-on, which no crawl begins with. ``lacking``
    is one that needs a package which is not there, and ``remedy`` what installs it.
    """

    level: Level
    given: tuple[str, ...]
    wrong: str = ""
    addon_failed: str = ""
    enabled: bool = True
    lacking: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ExtensionFound:
    """Whether the project's crawls are watched."""

    level: Level
    in_project: bool


@dataclass(frozen=True, slots=True)
class TrackrefFound:
    """Whether a request that was made is counted."""

    level: Level


@dataclass(frozen=True, slots=True)
class MemoryFound:
    """What the system tells of this process: resident bytes, and ``missing`` files.

    ``hides``: it shows nobody the processes of others (``hidepid``).
    """

    level: Level
    rss: int
    missing: tuple[str, ...] = ()
    hides: bool = False


@dataclass(frozen=True, slots=True)
class ChildrenFound:
    """What was seen of a child process: its bytes, and in which measure.

    ``failed`` says why none could be started, in the system's words. ``wanted``:
    the settings want them counted, ``playwright``: have scrapy-playwright download.
    """

    level: Level
    bytes: int
    measure: str
    failed: str = ""
    wanted: bool = True
    playwright: bool = False


@dataclass(frozen=True, slots=True)
class ForkTried:
    """A child that was forked to answer at once.

    ``errno`` is the system's where it refused; then ``pids`` is the nearest limit of
    threads and processes, None without one. ``exists``: the system has a fork.
    """

    level: Level
    took_ms: float = 0.0
    failed: str = ""
    errno: int | None = None
    pids: int | None = None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class WalkFound:
    """The walk over the heap: in C, or in Python.

    ``built`` are the files of the walk in C that this Python can't load.
    ``compiler`` and ``headers`` are what building takes.
    """

    level: Level
    in_c: bool
    built: tuple[str, ...] = ()
    compiler: bool = True
    headers: bool = True


@dataclass(frozen=True, slots=True)
class BillTried:
    """A memory bill of this process, taken as one of a crawl is; times in ms.

    ``wanted``: the settings want bills.
    """

    level: Level
    failed: str = ""
    partial: bool = False
    stall_ms: float = 0.0
    analysis_ms: float = 0.0
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class MallocTried:
    """Which layers of memory can be told.

    ``preloaded`` are mapped libraries that bring another malloc, ``chosen`` is what
    ``PYTHONMALLOC`` says. ``trims``: the C library can give free pages back;
    ``wanted``: the settings want that.
    """

    level: Level
    layers: Layers
    preloaded: tuple[str, ...] = ()
    chosen: str = ""
    trims: bool = True
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class LimitFound:
    """The memory limit nearest to this process, in bytes; None without one.

    ``of`` says whose it is. ``address_space`` and ``data`` are limits of the shell
    (``ulimit -v`` and ``-d``).
    """

    level: Level
    limit: int | None
    of: Literal["container", "process", ""] = ""
    address_space: int | None = None
    data: int | None = None
    machine: int = 0


@dataclass(frozen=True, slots=True)
class RoomFound:
    """The bytes that are left, of which a child takes its ``share`` of the crawl's.

    None where the system does not tell. ``commit_left`` is what the kernel still
    promises where it promises no more than it has.
    """

    level: Level
    left: int | None
    share: float
    commit_left: int | None = None


@dataclass(frozen=True, slots=True)
class GuppyFound:
    """Guppy's heap profile, or why there is none."""

    level: Level
    failed: str = ""


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A folder that is written to.

    ``of`` is the setting that names it, empty where none does. ``failed`` is why not,
    in the system's words, ``free`` the bytes left there.
    """

    level: Level
    folder: str
    of: str = ""
    failed: str = ""
    free: int = 0


@dataclass(frozen=True, slots=True)
class RemoteControlFound:
    """Scrapy's remote control: whether it has one, and it begins with a crawl.

    ``folder`` is where its job files are, ``failed`` why it can't be written to, in the
    system's words; ``ours``: it is this user's, or not there yet.
    """

    level: Level
    scrapy: str
    exists: bool = True
    enabled: bool = True
    asyncio: bool = True
    folder: str = ""
    failed: str = ""
    ours: bool = True


@dataclass(frozen=True, slots=True)
class DebuggingFound:
    """Whether a crawl of this Python can be looked into by its process id.

    ``failed`` says why even a child of this process could not be.
    """

    level: Level
    python: str
    remote: Literal["on", "off", "missing"]
    tracing: Literal["own", "children", "root", "nobody"]
    failed: str = ""


@dataclass(frozen=True, slots=True)
class TerminalFound:
    """What the live view has to draw on."""

    level: Level
    screen: bool
    colours: bool
    columns: int


@dataclass(frozen=True, slots=True)
class Unexamined:
    """A check that failed itself, and with what error."""

    level: Level
    error: str


Finding: TypeAlias = (
    PythonFound
    | ScrapyFound
    | SettingsFound
    | ExtensionFound
    | TrackrefFound
    | MemoryFound
    | ChildrenFound
    | ForkTried
    | WalkFound
    | BillTried
    | MallocTried
    | LimitFound
    | RoomFound
    | GuppyFound
    | PlaceFound
    | RemoteControlFound
    | DebuggingFound
    | TerminalFound
    | Unexamined
)


@dataclass(frozen=True, slots=True)
class Examined:
    """A check by its name, with what it found.

    ``part`` is what it is needed for. ``essential``: without it no crawl is watched.
    """

    name: str
    part: Part
    finding: Finding
    essential: bool = False

    @property
    def prevents(self) -> bool:
        """Whether it keeps LeakWatch from watching any crawl here."""
        return self.essential and self.finding.level == "no"
