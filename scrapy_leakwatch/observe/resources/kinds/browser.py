"""A page or a context of a browser that scrapy-playwright drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.observe.browsers import open_contexts, open_pages
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import name_of
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find_pages(_: Reach) -> Iterator[Live]:
    for page, function in open_pages():
        yield _given(PAGE, page, "page", function)


def _find_contexts(_: Reach) -> Iterator[Live]:
    for context, function in open_contexts():
        yield _given(CONTEXT, context, "context", function)


def _given(
    kind: LiveKind, thing: Any, name: str, function: FunctionType | None
) -> Live:
    if function is None:
        return Live(kind, thing, f"a {name} of the browser")
    code = function.__code__
    place = (code.co_filename, code.co_firstlineno)
    return Live(
        kind, thing, f"{name} for {name_of(function)}", (function,), place=place
    )


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
    taken_by=frozenset({"new_page"}),
    ends_with_crawl=True,
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
    taken_by=frozenset({"new_context", "launch_persistent_context"}),
    ends_with_crawl=True,
)
