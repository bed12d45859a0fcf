"""Crawls that keep what has to go by itself, and the same with what they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import ASYNCIO, SELECT, Named, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/things.py"
MODULE = "tests.zoo.animals.things"


def _row(cls: str, story: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    spiders = (f"{MODULE}.{cls}",)
    return Row(name=name, story=story, spiders=spiders, **fields)


def _hoard(cls: str, mark: str, container: str, story: str, **fields: Any) -> Row:
    """Return a row whose container may be named with or without its items."""
    names = (container, f"{container}[*]")
    fields = {"subjects": names, "holders": names, "leaked_each": 10, **fields}
    line = place_of(mark, ROOT, FILE)
    return _row(cls, story, truth="hoard", line=line, **fields)


THINGS = (
    _hoard(
        "TasksInASet",
        "tasks_in_a_set",
        "spider.tasks",
        "ten tasks of asyncio for each page are put into a set, and stay when they end",
        reactor=ASYNCIO,
    ),
    _row(
        "TasksThatLeave",
        "the same with what is told: a callback of each takes it out when it ends",
        reactor=ASYNCIO,
    ),
    _hoard(
        "ElementsKept",
        "elements_kept",
        "spider.rows",
        "rows with an element of lxml, each of which keeps its whole page",
        reactor=SELECT,
    ),
    _row("TextsOfElements", "the texts of the elements of the latest 100 pages"),
    _row(
        "ImagesKept",
        "an image of 200 kB for each page, in a list",
        truth="hoard",
        also=frozenset({"native", "recovered"}),  # their bytes are outside Python
        named=(Named(("spider.images",), place_of("images_kept", ROOT, FILE)),),
        settings={"CLOSESPIDER_TIMEOUT": 10},
        least_received=80,
        needs=("PIL",),
    ),
    _row(
        "SizesOfImages",
        "the sizes of the latest 100 images, which are closed",
        reactor=SELECT,
        needs=("PIL",),
    ),
)
