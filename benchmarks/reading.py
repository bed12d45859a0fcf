"""How long a recording takes to open, the memory that takes, and its report.

A day at ten seconds, and a million samples. Run::

    python benchmarks/reading.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scrapy_leakwatch import recordings  # noqa: E402
from scrapy_leakwatch.report import html  # noqa: E402
from tests.synthetic import a_day, months  # noqa: E402

MILLION = 1_000_000


def main() -> None:
    """Write the recordings, and read each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        print(
            "  samples         size  memory   read by clock, CPU   its report      of"
        )
        for write, samples in ((a_day, 8640), (months, MILLION)):
            path = write(Path(folder) / f"{samples}.jsonl", samples)
            subprocess.run([sys.executable, __file__, str(path)], check=True)


def measure(path: str) -> None:
    """Read the recording, and print what that took."""
    before = peak()
    crawl, taken = timed(lambda: recordings.read(path))
    memory = peak() - before
    page, written = timed(lambda: html.write(crawl, f"{path}.html"))
    size, shown = Path(path).stat().st_size / 1e6, page.stat().st_size / 1e3
    print(
        f"{crawl.samples:>9,} {size:>9,.1f} MB {memory:>4,.1f} MB   {taken}"
        f"  {written} {shown:>4,.0f} kB"
    )


def timed(function: Callable[[], Any]) -> tuple[Any, str]:
    """Return what the function returns, and its time by clock and CPU."""
    begun, cpu = time.perf_counter(), time.process_time()
    found = function()
    clock, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return found, f"{clock:>5.2f} s, {cpu:>5.2f} s"


def peak() -> float:
    """Return the most memory that this process had so far, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1e3


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()
