"""Runs ``scrapy leakwatch doctor`` for the tests of it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.commanding import IMPORTS, SCRAPY
from tests.conftest import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def command(tmp_path):
    """Run the command in a process of its own, with a home and temporary files."""

    def command(*argv: str, cwd: Path = EXAMPLE, limits=(), **env: str):
        home, temporary = tmp_path / "home", tmp_path / "temporary"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)

        def limit() -> None:
            for name, most in limits:
                resource.setrlimit(name, (most, most))

        return subprocess.run(
            [sys.executable, "-B", "-c", PROJECT if cwd == EXAMPLE else SCRAPY, *argv],
            cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
            preexec_fn=limit,
            env={
                **os.environ, "PYTHONPATH": IMPORTS, "HOME": str(home),
                "TMPDIR": str(temporary), **env,
            },
        )  # fmt: skip

    return command


PROJECT = """
import sys
from scrapy.cmdline import execute
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
settings.set("COMMANDS_MODULE", "scrapy_leakwatch.commands", priority="cmdline")
execute(["scrapy", "leakwatch", *sys.argv[1:]], settings)
"""
