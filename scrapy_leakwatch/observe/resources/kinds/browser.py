"""A page or a context of a browser that scrapy-playwright drives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.observe.browsers import open_contexts, open_pages
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import name_of
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find_pages(_: Reach) -> Iterator[Live]:
    for page, function in open_pages():
        if function is None:
            yield Live(PAGE, page, "a page of the browser")
            continue
        code = function.__code__
        place = (code.co_filename, code.co_firstlineno)
        what = f"page for {name_of(function)}"
        yield Live(PAGE, page, what, (function,), place=place)


def _find_contexts(_: Reach) -> Iterator[Live]:
    for context in open_contexts():
        yield Live(CONTEXT, context, "a context of the browser")


PAGE = LiveKind(
    ResourceKind(
        "browser page",
        did="taken",
        since="is still open",
        release="await {}.close()",
        release_unkept="await page.close() in the callback and in the errback",
        named_alone=True,
    ),
    find=_find_pages,
    counted_as="pages",
    taken_by=frozenset(),
)
CONTEXT = LiveKind(
    ResourceKind(
        "browser context",
        did="opened",
        since="is still open",
        release="await {}.close()",
        release_unkept="await page.context.close()",
        named_alone=True,
    ),
    find=_find_contexts,
    counted_as="contexts",
    taken_by=frozenset(),
)
