"""``python -m tests.faults``: runs the rows and tells the score."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.faults.keeper import Run, run
from tests.faults.rows import FAULTS
from tests.zoo.keeper import folder_for, serving


def main() -> int:
    asked = _arguments().parse_args()
    faults = [each for each in FAULTS if not asked.rows or each.name in asked.rows]
    runnable = [
        each for each in faults if all(map(importlib.util.find_spec, each.needs))
    ]
    for fault in faults:
        if fault not in runnable:
            print(f"left out: {fault.name} needs {', '.join(fault.needs)}")
    begun, runs = time.monotonic(), []
    with (
        folder_for(asked.keep, "faults-") as folder,
        serving() as site,
        ThreadPoolExecutor(asked.jobs) as pool,
    ):
        started = [pool.submit(run, fault, site, folder) for fault in runnable]
        for ended in as_completed(started):
            runs.append(ended.result())
            _tell(runs[-1])
    held = sum(not each.broken for each in runs)
    print(f"\n{held} of {len(runs)} rows held, {time.monotonic() - begun:.0f} s")
    return 0 if held == len(runs) else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", help="their names; all if none is given")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--keep", type=Path, help="a new folder for what is left")
    return parser


def _tell(run: Run) -> None:
    mark = "broken" if run.broken else "held"
    print(f"{mark:<7} {run.fault.name:<28} {run.seconds:5.1f} s", flush=True)
    for line in run.broken:
        print(f"        {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
