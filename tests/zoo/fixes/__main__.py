"""``python -m tests.zoo.fixes``: proves each fix that is told in the zoo.

A row of the zoo is told a fix; its twin has that done, and must be healthy.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.zoo import keeper
from tests.zoo.fixes import PAIRS, UNMENDED
from tests.zoo.fixes.report import conclusion, line_of, outcome, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.zoo.fixes.fix import Pair
    from tests.zoo.fixes.report import Outcome
    from tests.zoo.score import Result
    from tests.zoo.truth import Row


def main() -> int:
    asked = _arguments().parse_args()
    pairs = [each for each in PAIRS if not asked.rows or each.row.name in asked.rows]
    runnable, left_out = keeper.installed([each.twin for each in pairs])
    for row in left_out:
        print(f"left out: {row.name} needs {', '.join(row.needs)}", flush=True)
    begun = time.monotonic()
    outcomes = _run([each for each in pairs if each.twin in runnable], asked)
    seconds = time.monotonic() - begun
    print(f"\n{conclusion(outcomes)}; {seconds:.0f} s in all")
    if asked.write is not None:
        asked.write.write_text(page(asked.write.read_text(), outcomes, UNMENDED))
    return 1 if any(one.faults for one in outcomes) or not outcomes else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.fixes")
    parser.description = __doc__
    parser.add_argument("rows", nargs="*", help="their names; all if none is given")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--write", type=Path, help="the page to put the table into")
    parser.add_argument("--keep", type=Path, help="a new folder for what is left")
    parser.add_argument(
        "--told",
        type=Path,
        help="a folder that the zoo or an earlier run has kept: rows that were right"
        " are not run again",
    )
    return parser


def _run(pairs: list[Pair], asked: argparse.Namespace) -> list[Outcome]:
    """Run both rows of each pair; tell of a pair when both have ended."""
    rows = {row.name: row for each in pairs for row in (each.row, each.twin)}
    results = _told(rows.values(), asked.told)
    left = [row for name, row in rows.items() if name not in results]

    def tell(run: keeper.Run) -> None:
        results[run.row.name] = run.result
        of_it = [each for each in pairs if run.row in (each.row, each.twin)]
        for one in _ended(of_it, results):
            print(line_of(one, alone=bool(run.again)), flush=True)

    for one in _ended(pairs, results):
        print(line_of(one), flush=True)
    if left:
        keeper.run_all(left, asked.jobs, tell, asked.keep)
    return _ended(pairs, results)


def _ended(pairs: Iterable[Pair], results: Mapping[str, Result]) -> list[Outcome]:
    """Return what became of the pairs of which both rows have ended."""
    return [
        outcome(each, results[each.row.name], results[each.twin.name])
        for each in pairs
        if each.row.name in results and each.twin.name in results
    ]


def _told(rows: Iterable[Row], folder: Path | None) -> dict[str, Result]:
    """Return what is known of the rows that an earlier run got right."""
    if folder is None:
        return {}
    found = {row.name: keeper.kept(row, folder) for row in rows}
    return {name: each for name, each in found.items() if each and each.passed}


if __name__ == "__main__":
    sys.exit(main())
