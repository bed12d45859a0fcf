"""What tests of the commands share: a command in this process, and what is recorded."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from scrapy.settings import Settings

from scrapy_leakwatch.commands.leakwatch import Command
from tests import synthetic
from tests.synthetic import START

HERE = Path(__file__).parent
IMPORTS = os.pathsep.join([str(HERE.parent), str(HERE)])
SCRAPY = """
import sys
from scrapy.cmdline import execute
from scrapy.settings import Settings
settings = Settings({"COMMANDS_MODULE": "scrapy_leakwatch.commands"})
execute(["scrapy", "leakwatch", *sys.argv[1:]], settings)
"""
HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]evil[/red]\nforged \u202eline"
LEAK = synthetic.verdict(START + 100, "leak", "HtmlResponse", signature="7296c8ac")
FOUND = synthetic.explanation(START + 100.9, "HtmlResponse")
HOARD = synthetic.verdict(
    START + 100, "hoard", "DedupPipeline.seen", signature="51c0ffee",
    message="DedupPipeline.seen grows without bound", **{"class": "set"},
)  # fmt: skip
RECOVERED = {
    **LEAK, "kind": "recovered", "time": START + 200,
    "message": "HtmlResponse: the verdict leak no longer holds",
}  # fmt: skip


def leakwatch(*argv: str) -> int:
    """Run a subcommand that needs no crawl, in this process."""
    command = Command()
    command.settings = Settings()
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    opts, rest = parser.parse_known_args(argv)
    command.process_options(rest, opts)
    command.run(rest, opts)
    return command.exitcode
