"""The recipes of the documentation say what the command does."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex
from pathlib import Path

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.commands import exits
from scrapy_leakwatch.commands.leakwatch import Command

yaml = pytest.importorskip("yaml")
PAGE = Path(__file__).parents[2] / "docs" / "containing.rst"


def blocks(language: str) -> list[str]:
    found = re.findall(
        rf"\.\. code:: {language}\n\n((?:    .*\n|\n)+)", PAGE.read_text()
    )
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def understood(argv: list[str]) -> argparse.Namespace:
    """Return what the command takes its arguments for; it exits where it can't."""
    assert argv[0].rpartition("/")[2] == "scrapy"
    assert argv[1] == "leakwatch"
    parser = argparse.ArgumentParser()
    command = Command()
    command.settings = Settings()
    command.add_options(parser)
    return parser.parse_args(argv[2:])


def test_systemd() -> None:
    (block,) = blocks("ini")
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(block)
    service = unit["Service"]
    opts = understood(shlex.split(service["ExecStart"]))
    assert opts.recycle
    assert opts.max_rss == 600
    assert service["SuccessExitStatus"].split() == [
        str(exits.LEAKS),
        str(exits.TOO_LITTLE),
    ]
    assert service["RestartForceExitStatus"] == str(exits.UNFINISHED)


def test_kubernetes() -> None:
    (block,) = blocks("yaml")
    job = yaml.safe_load(block)["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert understood(container["args"]).recycle
    failed, drained = job["podFailurePolicy"]["rules"]
    assert failed["onExitCodes"]["values"] == [
        exits.ERROR,
        exits.LEAKS,
        exits.TOO_LITTLE,
    ]
    assert exits.UNFINISHED not in failed["onExitCodes"]["values"]
    assert drained["action"] == "Ignore"
