"""``python -m tests.zoo``: runs the rows and tells the score."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.zoo.keeper import installed, run_all
from tests.zoo.report import line_of, lines_of, page
from tests.zoo.rows import ROWS
from tests.zoo.total import total

if TYPE_CHECKING:
    from tests.zoo.keeper import Run
    from tests.zoo.truth import Row


def main() -> int:
    asked = _arguments().parse_args()
    first, parts = asked.part
    rows = [row for row in ROWS if _is_asked(row, asked)][first - 1 :: parts]
    rows, left_out = installed(rows)
    for row in left_out:
        print(f"left out: {row.name} needs {', '.join(row.needs)}", flush=True)
    begun = time.monotonic()
    runs = run_all(rows, asked.jobs, _tell, asked.keep)
    score = total(rows, [run.result for run in runs])
    again = sum(run.again > 0 for run in runs)
    print("\n".join(["", *lines_of(score, again, time.monotonic() - begun)]))
    if asked.write is not None:
        asked.write.write_text(page(asked.write.read_text(), runs, score))
    return 0 if score.passed == score.rows else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("rows", nargs="*", help="their names; all if none is given")
    parser.add_argument("--kinds", nargs="+", help="only rows whose truth is one")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), help="1/2 is every second row"
    )
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--write", type=Path, help="the page to put the tables into")
    parser.add_argument("--keep", type=Path, help="a new folder for what is left")
    return parser


def _part(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    part = int(number), int(of)
    if not 1 <= part[0] <= part[1]:
        raise ValueError(text)
    return part


def _is_asked(row: Row, asked: argparse.Namespace) -> bool:
    if asked.rows:
        return row.name in asked.rows
    return not asked.kinds or row.truth in asked.kinds


def _tell(run: Run) -> None:
    print(line_of(run), flush=True)


if __name__ == "__main__":
    sys.exit(main())
