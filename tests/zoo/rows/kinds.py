"""Crawls with something else to say than that pages leak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/kinds.py"
MODULE = "tests.zoo.animals.kinds"
LONGER = {"CLOSESPIDER_TIMEOUT": 10}
FEWER = {"LEAKWATCH_MIN_OBJECTS": 30}
GARBAGE = frozenset({"garbage", "recovered"})
"""With so few, what is dead is soon told, and withdrawn when it was collected."""


def _row(cls: str, truth: str, story: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    line = place_of(name, ROOT, FILE)
    spiders = (f"{MODULE}.{cls}",)
    return Row(
        name=name, story=story, truth=truth, spiders=spiders, line=line, **fields
    )


def _hoard(cls: str, container: str, story: str, **fields: Any) -> Row:
    """Return a row whose container may be named with or without its items."""
    names = (container, f"{container}[*]")
    fields = {"subjects": names, "holders": names, "leaked_each": 10, **fields}
    return _row(cls, "hoard", story, **fields)


KINDS = (
    _hoard(
        "SeenUrls",
        "Dedup.seen",
        "a pipeline has a set of all URLs seen",
        settings={"ITEM_PIPELINES": {f"{MODULE}.Dedup": 1}},
    ),
    _hoard("TextsByUrl", "spider.texts", "a dict of page texts", reactor=SELECT),
    _hoard("PricesOfAll", f"{MODULE}.PRICES", "a module's list"),
    _hoard(
        "TitlesOfTheClass",
        "TitlesOfTheClass.titles",
        "a list that is an attribute of the class",
        reactor=SELECT,
        subjects=("TitlesOfTheClass.titles", "spider.titles"),
        holders=("TitlesOfTheClass.titles", "spider.titles"),
    ),
    _hoard("OffersByUrl", "spider.offers", "a dict of lists of dicts"),
    _hoard(
        "OffersByShelf",
        "spider.shelves[*]",
        "ten lists that grow, in a dict that does not",
        reactor=SELECT,
        settings={"LEAKWATCH_MIN_OBJECTS": 200},
        subjects=("spider.shelves", "spider.shelves[*]"),
        holders=("spider.shelves", "spider.shelves[*]"),
    ),
    _row(
        "TooManyLinks",
        "backlog",
        "breadth first, and each page has ten new links",
        settings={
            **LONGER,
            **FEWER,
            "DEPTH_PRIORITY": 1,
            "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        },
        also=GARBAGE,
        reaches=(("requests.queued_memory", 500),),
    ),
    _row(
        "NotOnDisk",
        "backlog",
        "a JOBDIR, but the requests can't be written to disk",
        settings={**LONGER, **FEWER, "JOBDIR": "job"},
        also=GARBAGE,
        reactor=SELECT,
        reaches=(("requests.queued_memory", 500),),
    ),
    _row("GcOff", "garbage", "the collector is off, and items die in cycles"),
    _row(
        "Malloc",
        "native",
        "ten times 20 kB of malloc() for each page, never freed",
        reactor=SELECT,
        settings=LONGER,
    ),
    _row(
        "Holes",
        "fragmentation",
        "100 MB of small objects, of which every fiftieth stays",
        settings=LONGER,
    ),
    _row(
        "KeepsForAWhile",
        "recovered",
        "pages are kept for a while, then let go, and the crawl goes on",
        also=frozenset({"leak"}),
        reactor=SELECT,
        settings={**FEWER, **LONGER},
    ),
    _row(
        "FullShelves",
        "recovered",
        "the latest page of each shelf is kept, until all are full",
        also=frozenset({"leak"}),
        settings={**FEWER, **LONGER},
    ),
    _row(
        "Unseen",
        "inconclusive",
        "items are kept; no look at the heap is allowed, and the collector is off",
        settings={"LEAKWATCH_EXPLAIN": False, **FEWER, **LONGER},
        also=frozenset({"hoard"}),  # that their list grows is known without a look
        reactor=SELECT,
    ),
)
