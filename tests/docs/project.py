"""A folder in which the commands of a page are run, one after another."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, Block

SHOP = "http://127.0.0.1:8765"
"""Where the pages have the shop; in a test it is on a port of its own."""
TIMEOUT_S = 240


class Project:
    """A copy of a project, or an empty folder."""

    def __init__(self, folder: Path, of: Path | None, shop: str) -> None:
        if of is None:
            folder.mkdir()
        else:
            made = shutil.ignore_patterns("recordings", "reports", "__pycache__")
            shutil.copytree(of, folder, ignore=made)
        self.folder = folder
        self.shop = shop
        self.last = 0

    def take(self, block: Block) -> None:
        """Write a block to its file; of a diff, what it changes there."""
        assert block.file is not None
        path = self.folder / block.file
        text = f"{block.text}\n"
        if block.language == "diff":
            before, after = sides(block.text)
            text = path.read_text()
            assert text.count(before) == 1, f"{block.file} has not once:\n{before}"
            text = text.replace(before, after)
        path.write_text(text.replace(SHOP, self.shop))

    def run(self, command: str) -> str:
        """Run a command as a shell does, and return what it prints."""
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.last})\n{command}"],
            cwd=self.folder,
            env=os.environ
            | {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "SHOP_URL": self.shop,
                "TZ": "UTC",
                "COLUMNS": "200",
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        self.last = done.returncode
        return done.stdout or done.stderr


def sides(diff: str) -> tuple[str, str]:
    """Return what a diff has before and after, without its marks."""
    lines = diff.splitlines()
    return tuple(
        "".join(f"{line[1:]}\n" for line in lines if line[:1] != but) for but in "+-"
    )


def is_as_shown(printed: str, shown: str) -> bool:
    """Tell whether a command prints what a page shows, but for numbers and times.

    ``...`` on a line stands for any text, on a line of its own for any lines.
    """
    wanted = re.escape(masked(shown))
    wanted = re.sub(r"(?:^|(?<=\n))\\\.\\\.\\\.(?:\\\n|$)", r"(?:.*\\n)*?", wanted)
    wanted = wanted.replace(r"\.\.\.", r".*")
    return re.fullmatch(wanted, masked(printed)) is not None


def masked(text: str) -> str:
    """Return a text without what differs from run to run."""
    lines = (
        re.sub(r"\s+", " ", _NUMBER.sub(lambda match: match[1] or "0", line)).strip()
        for line in text.splitlines()
    )
    series = (re.sub(r"(?:0 → )+0", "0 → 0", line) for line in lines)
    return "".join(f"{_TREND.sub('▁', line)}\n" for line in series if line)


_NUMBER = re.compile(r"(\.py:\d+|signature \w+)|[+-]?\d[\d,.:]*")
"""A number; the line of a file and a signature are what a page must be right about."""
_TREND = re.compile("[▁▂▃▄▅▆▇█]+")
