"""Crawls whose child processes grow, and those whose child processes do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/workers.py"
MODULE = "tests.zoo.animals.workers"
LONGER = {"CLOSESPIDER_TIMEOUT": 9}


def _row(cls: str, story: str, *pipelines: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    settings = {
        **LONGER,
        "ITEM_PIPELINES": {f"{MODULE}.{each}": 1 for each in pipelines},
    }
    return Row(
        name=name,
        story=story,
        spiders=(f"{MODULE}.{cls}",),
        line=place_of(name, ROOT, FILE),
        settings=settings,
        **fields,
    )


WORKERS = (
    _row(
        "PoolGrows",
        "the worker of a pool keeps each page",
        "Extracting",
        truth="children",
        holders=("child process of item pipeline Extracting",),
    ),
    _row(
        "HelperGrows",
        "a process that the spider started keeps each URL that it is sent",
        truth="children",
        reactor=SELECT,
        holders=("child process of spider HelperGrows",),
    ),
    _row(
        "PoolLevelsOff",
        "three workers of a pool keep the last 200 pages",
        "ExtractingInTurns",
    ),
    _row(
        "LargeHelper",
        "a process of 150 MB keeps the last 100 URLs",
        reactor=SELECT,
    ),
    _row("HelpersComeAndGo", "up to six processes at a time, and ever new ones"),
)
