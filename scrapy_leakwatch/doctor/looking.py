"""What it takes to look who holds what: a child, the walk, and the allocators."""

from __future__ import annotations

import os
import shutil
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from scrapy_leakwatch import heap
from scrapy_leakwatch.crawl.explainer import BILL_TIMEOUT
from scrapy_leakwatch.crawl.trimming import malloc_trim
from scrapy_leakwatch.explain import BillRequest, bill_in_child, layers_in_child
from scrapy_leakwatch.explain.answers import guppy as profiles
from scrapy_leakwatch.explain.border import child, headroom
from scrapy_leakwatch.foundation.cgroups import read
from scrapy_leakwatch.foundation.overcommit import commit_left
from scrapy_leakwatch.heap import graph
from scrapy_leakwatch.observe.resource_counts import ResourceGauge
from scrapy_leakwatch.records import Layers, NoBill
from scrapy_leakwatch.records.diagnosed import (
    BillTried,
    ForkTried,
    GuppyFound,
    MallocTried,
    RoomFound,
    WalkFound,
)

if TYPE_CHECKING:
    from scrapy_leakwatch.doctor.patient import Patient
    from scrapy_leakwatch.records.diagnosed import Level

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")

LONGEST_S = 30.0
"""The longest wait for a child, whatever the settings allow one of a crawl."""
PAUSE_S = 0.002
LITTLE_ROOM = 256_000_000
"""Bytes: a crawl has soon grown by as much."""
OTHER_MALLOCS = ("jemalloc", "tcmalloc", "mimalloc")


class _Asked(Protocol[Result_co]):
    """A child at work."""

    def poll(self) -> Result_co | None: ...

    def stop(self) -> Result_co: ...


def fork(_: Patient) -> ForkTried:
    """Fork a child that answers at once."""
    began = time.perf_counter()
    asked = child.start(dict, LONGEST_S)
    found = asked if isinstance(asked, child.Failure) else _answer(asked)
    took_ms = (time.perf_counter() - began) * 1000
    if isinstance(found, child.Answer):
        return ForkTried("ok", took_ms)
    limit = ResourceGauge().limits().pids
    return ForkTried(
        "no",
        took_ms,
        found.reason,
        found.errno,
        limit,
        exists=hasattr(os, "fork"),
    )


def _answer(asked: _Asked[Result]) -> Result:
    until = time.monotonic() + LONGEST_S
    found = asked.poll()
    while found is None and time.monotonic() < until:
        time.sleep(PAUSE_S)
        found = asked.poll()
    return asked.stop() if found is None else found


def room(_: Patient, root: Path = Path("/")) -> RoomFound:
    """Tell what a child may still take; below ``root`` are /proc and /sys."""
    left, promised = headroom.available(root), commit_left(root)
    short = left is not None and left < LITTLE_ROOM
    level: Level = "limited" if short or promised is not None else "ok"
    return RoomFound(level, left, graph.SHARE_TO_COPY, promised)


def walk(_: Patient) -> WalkFound:
    """Tell whether the walk is the one in C, and if not what building it takes."""
    if graph.IN_C:
        return WalkFound("ok", in_c=True)
    (folder,) = heap.__path__
    built = sorted(path.name for path in Path(folder).glob("_graph.*"))
    binaries = tuple(name for name in built if name.endswith((".so", ".pyd")))
    headers = Path(sysconfig.get_path("include"), "Python.h").is_file()
    return WalkFound("limited", False, binaries, _has_compiler(), headers)


def _has_compiler() -> bool:
    named = (sysconfig.get_config_var("CC") or "").split()[:1]
    return any(map(shutil.which, [*named, "cc", "gcc", "clang", "cl"]))


def bill(patient: Patient) -> BillTried:
    """Take a memory bill of this process, as one of a crawl is taken."""
    config = patient.config
    timeout_s = min(BILL_TIMEOUT * config.explain_timeout, LONGEST_S)
    wanted = config.bill and config.explain
    found = _answer(bill_in_child(BillRequest({}, 0), patient.crawler, timeout_s))
    if isinstance(found, NoBill):
        return BillTried("no", found.reason, wanted=wanted)
    return BillTried(
        "ok" if wanted and not found.partial else "limited",
        partial=found.partial,
        stall_ms=found.stall_ms,
        analysis_ms=found.analysis_ms,
        wanted=wanted,
    )


def malloc(patient: Patient) -> MallocTried:
    """Ask the allocators, in a child, what of the memory is whose."""
    timeout_s = min(patient.config.explain_timeout, LONGEST_S)
    layers: Layers = _answer(layers_in_child(timeout_s))
    trims, wanted = malloc_trim() is not None, patient.config.trim
    return MallocTried(
        "limited" if layers.reason or (wanted and not trims) else "ok",
        layers,
        _other_mallocs(),
        os.environ.get("PYTHONMALLOC", ""),
        trims,
        wanted,
    )


def _other_mallocs(maps: Path = Path("/proc/self/maps")) -> tuple[str, ...]:
    """Return the libraries that this process has and that bring a malloc."""
    paths = {line.rpartition("/")[2] for line in read(maps).splitlines() if "/" in line}
    return tuple(
        sorted(name for name in paths if any(each in name for each in OTHER_MALLOCS))
    )


def guppy(_: Patient) -> GuppyFound:
    """Tell whether there is Guppy's heap profile."""
    failed = profiles.missing()
    return GuppyFound("limited" if failed else "ok", failed)
