"""Runs rows, each in a process of its own, and gathers what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.zoo.rows import row_named
from tests.zoo.score import Evidence, Result, judge
from tests.zoo.truth import SLOWNESS
from tests.zoo.witness import FILE as RECEIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.zoo.truth import Row

ROOT = Path(__file__).parents[2]
EXPLAIN = ROOT / "tests" / "explain"
PATH = os.pathsep.join(map(str, (ROOT, EXPLAIN, EXPLAIN / "site-packages")))
LOG = "log"
TIMEOUT_S = 150
TYPICAL_ROW = "attribute_list"
TYPICAL_SPEED = 100.0
"""Pages a second, in each of as many crawls as there are at once."""
MOST_SLOWNESS = 4.0
MOST_TIMES_ALONE = 2
"""A machine that has other work to do makes crawls slow, and collections rare."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row that was run; ``again`` is how often more, alone, for it had failed."""

    row: Row
    result: Result
    seconds: float
    again: int = 0


def run_all(
    rows: Sequence[Row], jobs: int, tell: Callable[[Run], None], keep: Path | None
) -> list[Run]:
    """Run the rows, ``jobs`` at once, and those that fail up to twice more, alone.

    Return the runs in the order of the rows. ``tell`` hears each as it ends. In
    the folder ``keep`` stays what they leave.
    """
    runs = {}
    with folder_for(keep, "zoo-") as folder, serving() as site:
        with ThreadPoolExecutor(jobs) as pool:
            slowness = _slowness(pool, jobs, site, folder)
            started = [pool.submit(run, row, site, folder, slowness) for row in rows]
            for ended in as_completed(started):
                one = ended.result()
                runs[one.row.name] = one
                tell(one)
        for time_alone in range(1, MOST_TIMES_ALONE + 1):
            failed = [row for row in rows if not runs[row.name].result.passed]
            for row in failed:
                one = run(row, site, folder, slowness, again=time_alone)
                runs[row.name] = one
                tell(one)
    return [runs[row.name] for row in rows]


def run(
    row: Row, site: str, folder: Path, slowness: float = 1.0, *, again: int = 0
) -> Run:
    """Run one row and judge it."""
    place = folder / (f"{row.name}-again-{again}" if again else row.name)
    place.mkdir()
    begun = time.monotonic()
    log, ended = _crawl(row, site, place, slowness)
    (place / LOG).write_text(log)
    result = judge(row, _evidence(place, ended))
    return Run(row, result, time.monotonic() - begun, again)


def kept(row: Row, folder: Path) -> Result | None:
    """Judge what `run_all` kept of a row in ``folder``; None where that is nothing."""
    places = [folder / row.name, *sorted(folder.glob(f"{row.name}-again-*"))]
    there = [place for place in places if (place / LOG).exists()]
    return judge(row, _evidence(there[-1], None)) if there else None


def installed(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that have what they need, and those that have not."""
    found = [all(map(find_spec, row.needs)) for row in rows]
    runnable = [row for row, has_all in zip(rows, found, strict=True) if has_all]
    return runnable, [row for row in rows if row not in runnable]


@contextmanager
def serving() -> Iterator[str]:
    """Serve the local site; yield its URL."""
    command = [sys.executable, "-m", "tests.zoo.site"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as site:
        try:
            assert site.stdout is not None
            yield site.stdout.readline().strip()
        finally:
            site.kill()


def _slowness(pool: ThreadPoolExecutor, jobs: int, site: str, folder: Path) -> float:
    """Return how many times slower than usual this machine crawls, at least 1.

    All rows then last so much longer, and LeakWatch looks so much more rarely:
    a sample is to see as many pages anywhere.
    """
    places = [folder / f"speed-{number}" for number in range(jobs)]
    for place in places:
        place.mkdir()
    row = row_named(TYPICAL_ROW)
    list(pool.map(lambda place: _crawl(row, site, place, 1.0), places))
    speeds = []
    for place in places:
        (begun, _), *_, (ended, received) = _read(place / RECEIVED)
        speeds.append(received / max(ended - begun, 0.1))
    return min(max(TYPICAL_SPEED * jobs / sum(speeds), 1.0), MOST_SLOWNESS)


def _crawl(row: Row, site: str, place: Path, slowness: float) -> tuple[str, str | None]:
    """Return the log, and how the crawl went wrong if it did."""
    with (place / "output").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.zoo.crawl", row.name, site],
            cwd=place,
            env={
                **os.environ,
                **row.environment,
                "PYTHONPATH": PATH,
                SLOWNESS: str(slowness),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        ended = None
        try:
            if status := process.wait(TIMEOUT_S):
                ended = f"ended with status {status}"
        except subprocess.TimeoutExpired:
            ended = f"did not end within {TIMEOUT_S} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return output.read(), ended


def _evidence(place: Path, ended: str | None) -> Evidence:
    lines = [
        line for path in sorted(place.glob("*.jsonl")) for line in _read(path, RECEIVED)
    ]
    lines.sort(key=lambda line: line["time"])
    received = [(at, number) for at, number in _read(place / RECEIVED)]
    if not lines:
        ended = ended or "it left no recording"
    return Evidence(lines, received, (place / LOG).read_text(), ended)


def _read(path: Path, but: str = "") -> list[Any]:
    if path.name == but or not path.exists():
        return []
    whole = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in whole if line.endswith("\n")]


@contextmanager
def folder_for(keep: Path | None, prefix: str) -> Iterator[Path]:
    """Yield ``keep``, made anew, or a folder that goes again."""
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        yield Path(name)
