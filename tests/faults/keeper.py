"""Runs rows, each beside its twin, and gathers what is left of both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.promises import Left, broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.fault import Fault

ROOT = Path(__file__).parents[2]
EXTENSION = "scrapy_leakwatch.LeakWatch"
TIMEOUT_S = 120
GONE_WITHIN_S = 15.0
"""A child whose crawl was killed ends by its own alarm."""
EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """A row that was run, and the promises that it broke."""

    fault: Fault
    broken: tuple[str, ...]
    seconds: float


def run(fault: Fault, site: str, folder: Path) -> Run:
    """Run one row and its twin, at once, each in a place of its own in ``folder``."""
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        watched = pool.submit(_crawl, fault, site, folder / fault.name, EXTENSION)
        twin = pool.submit(_crawl, fault, site, folder / f"{fault.name}-twin", "")
        faults = broken(fault, watched.result(), twin.result())
    if fault.then is not None:
        faults += tuple(fault.then(folder / fault.name))
    return Run(fault, faults, time.monotonic() - begun)


def _crawl(fault: Fault, site: str, place: Path, extension: str) -> Left:
    (place / "tmp").mkdir(parents=True)
    outcome = place.with_suffix(".outcome")
    script = ["-m", "tests.faults.crawl", fault.name, site, str(outcome), extension]
    # Not into a file: some faults are about files.
    process = subprocess.Popen(
        [sys.executable, *fault.flags, *script],
        cwd=place,
        env=_environment(fault, place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    log: list[bytes] = []
    reading = threading.Thread(target=lambda: log.extend(process.stdout or ()))
    reading.start()
    status: int | None = None
    try:
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(TIMEOUT_S)
        stayed = status is not None and not _all_gone(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reading.join()
        process.stdout.close()
    text = b"".join(log).decode(errors="replace")
    place.with_suffix(".log").write_text(text)
    return Left(
        status=status,
        log=text,
        outcome=_outcome(outcome),
        files=frozenset(_files(place)),
        processes=stayed,
    )


def _environment(fault: Fault, place: Path) -> dict[str, str]:
    asked = {
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(place / "tmp"),
        **fault.environment,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    usual = {name: value for name, value in os.environ.items() if name not in asked}
    return {**usual, **given}


def _all_gone(session: int) -> bool:
    """Tell whether no process of a session is there any more, or in a while."""
    give_up_at = time.monotonic() + GONE_WITHIN_S
    while any(_session(int(pid)) == session for pid in _pids()):
        if time.monotonic() > give_up_at:
            return False
        time.sleep(EVERY_S)
    return True


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdecimal()]


def _session(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return None


def _outcome(path: Path) -> dict[str, Any]:
    written = path.read_text() if path.exists() else ""
    return json.loads(written) if written else {}


def _files(place: Path) -> Iterator[str]:
    for path in place.rglob("*"):
        yield str(path.relative_to(place))
