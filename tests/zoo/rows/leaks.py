"""Crawls that leak: those of the tests of explain with more pages, and others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.explain.shop.components import COMPONENTS
from tests.explain.shop.expected import ROWS as EXPECTED
from tests.explain.shop.expected import place
from tests.marks import place_of
from tests.zoo.truth import ASYNCIO, SELECT, Row

ROOT = Path(__file__).parents[3]
ANIMALS = "tests/zoo/animals/leaks.py"
LISTINGS = 700
ON_ASYNCIO = {"waiting_task", "loop_call_later"}
OF_COMPONENTS = {"pipeline", "spider_middleware", "downloader_middleware", "extension"}
STORIES = {
    "stored_failure": "each Failure is kept, and its traceback keeps the page",
    "stored_exception": "each exception is kept, and its traceback keeps the page",
    "waiting_task": "tasks that never end",
    "deferred_callback": "Deferreds that never fire",
    "weak_keys": "values of a WeakKeyDictionary that refer to their key",
    "chain": "each page holds the one before it",
    "library": "an installed library keeps the pages",
}
STANDS_STILL = "waiting_callback"
"""Its 16 callbacks that never end are in the engine's hands, and it asks for no more
pages: nothing grows. The tests of explain ask who holds its pages."""
MORE: dict[str, dict[str, Any]] = {
    "chain": {"settings": {"CLOSESPIDER_TIMEOUT": 9}},  # one page at a time
}


def _of_explain(number: int, name: str) -> Row:
    """Return the row of a spider of ``shop.leaks``; the reactors take turns."""
    holder = EXPECTED[name].holder
    by_turns = SELECT if number % 2 else ASYNCIO
    return Row(
        name=name,
        story=STORIES.get(name, f"pages held by {holder}"),
        spiders=(_path(name),),
        truth="leak",
        also=frozenset({"recovered", "unreleased"}),  # a timer that stays is both
        subjects=("HtmlResponse", "Selector"),
        holders=(holder,),
        line=place(name),
        reactor=ASYNCIO if name in ON_ASYNCIO else by_turns,
        arguments={"listings": LISTINGS},
        **{"settings": COMPONENTS.get(name, {}), **MORE.get(name, {})},
    )


def _path(name: str) -> str:
    cls = "".join(part.title() for part in name.split("_"))
    return f"shop.leaks.{cls}{'Spider' if name in OF_COMPONENTS else ''}"


def _variation(name: str, story: str, holder: str, **more: Any) -> Row:
    """Return the row of the spider of ``animals.leaks`` that has this name."""
    cls = "".join(part.title() for part in name.split("_"))
    fields = {
        "spiders": (f"tests.zoo.animals.leaks.{cls}",),
        "also": frozenset({"recovered"}),
        "subjects": ("HtmlResponse",),
        "holders": (holder,),
        "line": place_of(name, ROOT, ANIMALS),
        **more,
    }
    return Row(name=name, story=story, truth="leak", **fields)


VARIATIONS = (
    Row(
        name="two_holders",
        story="half of the pages in one list, half in another",
        spiders=("shop.leaks.TwoHolders",),
        truth="leak",
        also=frozenset({"recovered", "unreleased"}),  # a timer that stays is both
        subjects=("HtmlResponse",),
        holders=("spider.even[*]", "spider.odd[*]"),
        arguments={"listings": LISTINGS},
    ),
    _variation(
        "one_in_four", "one page in four is kept", "spider.kept[*]", leaked_each=0.25
    ),
    _variation(
        "late",
        "healthy for 600 pages, then every page is kept",
        "spider.kept[*]",
        grows_after=600,
    ),
    _variation(
        "beside_a_backlog",
        "meta keeps the page, and there are ten new links on each",
        "Request.meta['referer']",
        also=frozenset({"backlog", "recovered"}),
        reactor=SELECT,
    ),
    _variation(
        "kept_items",
        "a pipeline keeps each item to write all at the end",
        "KeepingAll.items[*]",
        subjects=("Product",),
        settings={"ITEM_PIPELINES": {"tests.zoo.animals.leaks.KeepingAll": 1}},
    ),
    _variation(
        "kept_requests",
        "each request that failed to be made is kept",
        "spider.unsent[*]",
        subjects=("Request",),
        reactor=SELECT,
    ),
    _variation(
        "among_the_dead",
        "one page in four is kept, and no full collection shows it",
        "spider.kept[*]",
        line=place_of("one_in_four", ROOT, ANIMALS),
        leaked_each=0.25,
    ),
    _variation(
        "gc_is_off",
        "the collector is off, and pages are kept as well",
        "spider.kept[*]",
        also=frozenset({"recovered", "garbage"}),
    ),
    _variation(
        "beside_a_cache",
        "a bounded deque of pages beside a list that keeps them",
        "spider.kept[*]",
        reactor=SELECT,
    ),
    _variation(
        "after_another_crawl",
        "a healthy crawl, then one that leaks, in the same process",
        "spider.kept[*]",
        spiders=(
            "tests.zoo.animals.leaks.Before",
            "tests.zoo.animals.leaks.AfterAnotherCrawl",
        ),
        grows_after=300,
    ),
    _variation(
        "downloaded_inline",
        "pages that the callback downloads itself are kept",
        "spider.kept[*]",
        leaked_each=0.5,
        reactor=SELECT,
    ),
    _variation(
        "tracked_class",
        "an object of a class that LEAKWATCH_TRACK names, for each page",
        "spider.offers[*]",
        subjects=("Offer",),
        settings={"LEAKWATCH_TRACK": ["tests.zoo.animals.leaks.Offer"]},
    ),
    _variation(
        "kept_by_threads",
        "each thread of a pool keeps its pages in a threading.local",
        "tests.zoo.animals.leaks.OF_THREAD.pages[*]",
    ),
)

LEAKS = (
    *(
        _of_explain(number, name)
        for number, name in enumerate(EXPECTED)
        if name != STANDS_STILL
    ),
    *VARIATIONS,
)
