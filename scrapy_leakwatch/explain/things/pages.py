"""Parts of pages: whoever keeps one keeps the whole page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.things.kind import Kept


def _of_element(kept: Kept) -> str:
    of_html = anatomy.inherits(kept.things[0], "lxml.html.HtmlMixin")
    text = f"lxml.{'html' if of_html else 'etree'}.tostring(element)"
    return _instead(text, kept)


def _of_selector(kept: Kept) -> str:
    of_many = anatomy.inherits(kept.things[0], "parsel.selector.SelectorList")
    return _instead("selector.getall()" if of_many else "selector.get()", kept)


def _instead(text: str, kept: Kept) -> str:
    return (
        f"keep {text}, or the texts that are needed, in {kept.where}: each {kept.name} "
        "keeps the tree of its whole page"
    )


KINDS = (
    ThingKind(
        of("lxml.etree._ElementUnicodeResult"),
        says(
            "keep str(...) of each string in {where}: lxml's smart strings keep the"
            " whole page's tree alive (or XPath with smart_strings=False)"
        ),
        heavy=True,
    ),
    ThingKind(
        of("lxml.etree._Element", "lxml.etree._ElementTree"),
        _of_element,
        heavy=True,
    ),
    ThingKind(
        of("parsel.selector.Selector", "parsel.selector.SelectorList"),
        _of_selector,
        heavy=True,
    ),
    ThingKind(
        of(
            "bs4.element.PageElement",
            "pyquery.pyquery.PyQuery",
            "selectolax.parser.Node",
            "selectolax.parser.HTMLParser",
            "selectolax.lexbor.LexborNode",
            "selectolax.lexbor.LexborHTMLParser",
        ),
        says(
            "keep str(...) of each {thing}, or the texts that are needed, in {where}:"
            " it keeps the tree of its whole page"
        ),
        heavy=True,
    ),
    ThingKind(
        of("re.Match"),
        says(
            "keep match.group(), or match.groups(), in {where}: a match keeps the whole"
            " text that it was found in"
        ),
        heavy=True,
    ),
    ThingKind(
        of("builtins.memoryview"),
        says("keep bytes(view) in {where}: a view of a part keeps the whole"),
        heavy=True,
    ),
    ThingKind(
        of("scrapy.http.response.Response"),
        says(
            "keep response.url, or the texts that are needed, in {where}, not the whole"
            " response"
        ),
        heavy=True,
    ),
    ThingKind(
        of("scrapy.http.request.Request"),
        says(
            "yield each request, for Scrapy's scheduler to keep (on disk, with JOBDIR),"
            " and do not collect them in {where}"
        ),
    ),
    ThingKind(
        of("itemloaders.ItemLoader"),
        says("keep loader.load_item() in {where}: a loader keeps its page"),
        heavy=True,
    ),
)
