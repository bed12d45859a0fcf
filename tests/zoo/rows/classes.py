"""Crawls that make classes and functions at run time, and keep them or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/classes.py"
MODULE = "tests.zoo.animals.classes"
LONGER = {"CLOSESPIDER_TIMEOUT": 9}


def _row(cls: str, story: str, truth: str = "healthy", **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    line = place_of(name, ROOT, FILE)
    spiders = (f"{MODULE}.{cls}",)
    return Row(
        name=name, story=story, truth=truth, spiders=spiders, line=line, **fields
    )


CLASSES: tuple[Row, ...] = (
    _row(
        "ClassOfEachPage",
        "five item classes for each page, in a dict",
        "hoard",
        subjects=("spider.classes",),
        holders=("spider.classes",),
        leaked_each=5,
    ),
    _row(
        "RegisteredClasses",
        "three classes for each page, and their base remembers each",
        "hoard",
        subjects=(f"{MODULE}.PARSERS",),
        holders=(f"{MODULE}.PARSERS",),
        leaked_each=3,
        reactor=SELECT,
    ),
    _row(
        "ItemsOfOwnClasses",
        "items are kept, each of a class of its own",
        "leak",
        subjects=("Offer",),
        holders=("spider.items[*]",),
        settings=LONGER,
        reactor=SELECT,
    ),
    _row(
        "CachedFunctions",
        "a function of each page is the argument of a cached one",
        "leak",
        subjects=("HtmlResponse",),
        holders=(
            "closure variable 'response' of CachedFunctions.parse.<locals>.<lambda>",
        ),
    ),
    _row("ClassesLetGo", "an item class, a loader and a dataclass for each page"),
    _row(
        "HeavyClassesLetGo",
        "an item class with the text of each page",
        also=frozenset({"garbage", "recovered"}),
        least_received=80,
    ),
    _row("FewClasses", "an item class for each of 40 shelves", reactor=SELECT),
)
