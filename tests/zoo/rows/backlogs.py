"""Requests that pile up by the kind of spider, and twins that differ in the fix."""

from __future__ import annotations

from typing import Any

from tests.zoo.truth import Row

MODULE = "tests.zoo.animals.backlogs"
SETTINGS = {"CLOSESPIDER_TIMEOUT": 10, "LEAKWATCH_MIN_OBJECTS": 30}
GARBAGE = frozenset({"garbage", "recovered"})
"""With so few, what is dead is soon told, and withdrawn when it was collected."""


def _row(name: str, story: str, **fields: Any) -> Row:
    cls = name.title().replace("_", "")
    spiders = (f"{MODULE}.{cls}",)
    return Row(name=name, story=story, spiders=spiders, settings=SETTINGS, **fields)


def _backlog(name: str, story: str) -> Row:
    return _row(
        name,
        story,
        truth="backlog",
        also=GARBAGE,
        reaches=(("requests.queued_memory", 500),),
    )


BACKLOGS = (
    _backlog("whole_sitemaps", "each sitemap has more pages than are fetched until"
        " the next"),
    _row("filtered_sitemaps", "the same, and sitemap_filter() leaves most out",
        also=GARBAGE),
    _backlog("rows_followed", "each row of a feed is a request"),
    _row("rows_yielded", "the same, and each row is an item", also=GARBAGE,
        least_received=50),
    _backlog("wide_rules", "a CrawlSpider's rule has ten new links on each page"),
    _row("narrow_rules", "the same, and deny= leaves one of them", also=GARBAGE),
)  # fmt: skip
