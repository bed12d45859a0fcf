"""What a crawl needs to be watched at all, and what it counts."""

from __future__ import annotations

import platform
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil
import scrapy
import twisted
from scrapy import Request
from scrapy.utils.project import inside_project

from scrapy_leakwatch.addon import is_enabled
from scrapy_leakwatch.config import PREFIX, class_path
from scrapy_leakwatch.doctor.other_process import other_process
from scrapy_leakwatch.doctor.patient import reason
from scrapy_leakwatch.explain.memory import resident
from scrapy_leakwatch.export.ways import wanted
from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.foundation.cgroups import read
from scrapy_leakwatch.internals.versions import is_reactorless, reactor_class
from scrapy_leakwatch.observe import browsers, live_refs, process_tree
from scrapy_leakwatch.observe.children import ChildrenGauge
from scrapy_leakwatch.observe.limits import limits
from scrapy_leakwatch.observe.memory import MemoryGauge
from scrapy_leakwatch.records.diagnosed import (
    ChildrenFound,
    ExtensionFound,
    LimitFound,
    MemoryFound,
    PythonFound,
    ScrapyFound,
    SettingsFound,
    TrackrefFound,
)

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy_leakwatch.doctor.patient import Patient
    from scrapy_leakwatch.records import Children
    from scrapy_leakwatch.records.diagnosed import Level

OLDEST_SCRAPY = (2, 12)
SEEN_WITHIN_S = 5.0
"""In which a child process must have been counted, and its memory read."""
PAUSE_S = 0.01
_HIDING = re.compile(r"\bhidepid=(?!0|off)")


def python(_: Patient) -> PythonFound:
    """Tell whether this Python is one that LeakWatch knows."""
    name = platform.python_implementation()
    refused, in_increments = collector.refusal(), collector.in_increments()
    debug = hasattr(sys, "gettotalrefcount")
    level: Level = "limited" if in_increments or debug else "ok"
    if name != "CPython" or refused:
        level = "no"
    version = platform.python_version()
    return PythonFound(level, version, name, refused, in_increments, debug)


def scrapy_itself(patient: Patient) -> ScrapyFound:
    """Tell which Scrapy there is, and which reactor its crawls get."""
    old = scrapy.version_info[:2] < OLDEST_SCRAPY
    reactor, failed = None, ""
    try:
        reactor = reactor_class(patient.settings)
    except Exception as error:  # noqa: BLE001, a module may raise anything
        failed = reason(error)
    return ScrapyFound(
        "no" if old or failed else "ok",
        scrapy.__version__,
        twisted.__version__,
        class_path(reactor).rpartition(".")[2] if reactor else "",
        is_reactorless(patient.settings),
        failed,
    )


def settings(patient: Patient) -> SettingsFound:
    """Read LeakWatch's settings as a crawl does."""
    given = tuple(sorted(str(name) for name in patient.settings if _is_ours(name)))
    wrong, failed = patient.wrong, patient.addon_failed
    enabled = patient.config.enabled
    lacking = [way for way in wanted(patient.config) if not way.is_possible]
    level: Level = "limited" if lacking or not enabled else "ok"
    if wrong or failed:
        level = "no"
    setting, remedy = (lacking[0].setting, lacking[0].remedy) if lacking else ("", "")
    return SettingsFound(level, given, wrong, failed, enabled, setting, remedy)


def _is_ours(name: object) -> bool:
    return isinstance(name, str) and name.startswith(PREFIX)


def extension(patient: Patient) -> ExtensionFound:
    """Tell whether the project's crawls have LeakWatch."""
    found = is_enabled(patient.settings)
    return ExtensionFound("ok" if found else "limited", inside_project())


def live_objects(_: Patient) -> TrackrefFound:
    """Make a request, and see whether it is counted."""
    before = _requests()
    request = Request("https://example.com")
    counted = _requests() - before
    del request
    gone = _requests() == before
    return TrackrefFound("ok" if counted == 1 and gone else "no")


def _requests() -> int:
    return sum(each.number for each in live_refs.alive() if each.cls is Request)


def memory(_: Patient) -> MemoryFound:
    """Read the memory of this process, and what the kernel tells of it besides."""
    rss = MemoryGauge().read().rss
    told = {
        "/proc/self/smaps_rollup": resident.bytes_of("Anonymous") > 0,
        "/proc/self/status": resident.known_here()["files"] is not None,
        "/proc/self/task/*/children": process_tree.is_listed(),
    }
    missing = tuple(name for name, is_told in told.items() if not is_told)
    level: Level = "no" if rss <= 0 else "limited" if missing else "ok"
    return MemoryFound(level, rss, missing, _hides_processes())


def _hides_processes(mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Tell whether /proc shows the processes of this user alone."""
    found = (line.split()[1:4] for line in read(mounts).splitlines())
    return any(
        folder == "/proc" and _HIDING.search(options) for folder, _, options in found
    )


def memory_limit(patient: Patient, root: Path = Path("/")) -> LimitFound:
    """Return the limit nearest to this process; below ``root`` are /proc and /sys."""
    found = limits(patient.settings, root)
    nearest = found.nearest(MemoryGauge().read().rss, 0)
    shell = _shell_limits()
    return LimitFound(
        "limited" if any(shell.values()) else "ok",
        nearest,
        _whose(nearest, found.process),
        shell.get("RLIMIT_AS"),
        shell.get("RLIMIT_DATA"),
        psutil.virtual_memory().total,
    )


def _whose(
    nearest: int | None, process: int | None
) -> Literal["container", "process", ""]:
    if nearest is None:
        return ""
    return "process" if nearest == process else "container"


def _shell_limits() -> Mapping[str, int | None]:
    """Return the limits at which Python itself has no memory any more."""
    if resource is None:
        return {}
    soft = {
        name: resource.getrlimit(getattr(resource, name))[0]
        for name in ("RLIMIT_AS", "RLIMIT_DATA")
    }
    return {
        name: None if limit == resource.RLIM_INFINITY else limit
        for name, limit in soft.items()
    }


def children(patient: Patient) -> ChildrenFound:
    """Start a child process, count it, and end it."""
    wanted, playwright = patient.config.children, _uses_playwright(patient)
    try:
        seen = _counted_child()
    except OSError as error:
        failed = error.strerror or type(error).__name__
        return ChildrenFound("no", 0, "", failed, wanted, playwright)
    exact = seen.measure == "pss"
    level: Level = "no" if not seen.bytes else "ok" if exact and wanted else "limited"
    return ChildrenFound(level, seen.bytes, seen.measure, "", wanted, playwright)


def _counted_child() -> Children:
    gauge = ChildrenGauge()
    with other_process():
        until = time.monotonic() + SEEN_WITHIN_S
        seen = gauge.read()
        while not seen.bytes and time.monotonic() < until:
            time.sleep(PAUSE_S)
            seen = gauge.read()
    return seen


def _uses_playwright(patient: Patient) -> bool:
    handlers = patient.settings.getwithbase("DOWNLOAD_HANDLERS").values()
    names = {
        each if isinstance(each, str) else class_path(each) for each in handlers if each
    }
    return browsers.HANDLER in names
