"""What is read of libraries that need not be there."""

from __future__ import annotations

import gc
import types

import lxml.etree
import lxml.html

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import trees
from tests.canaries.cpython import WALKS, opened
from tests.canaries.part import (
    LOST,
    MB,
    Part,
    makes,
    module,
    of_playwright,
)
from tests.heap.walkers import walked


def weighs_pages() -> bool:
    page = lxml.html.fromstring("<p>" + "text " * MB + "</p>")
    sums = (walked(walker, page)[0].tree_bytes for walker in WALKS)
    return all(5 * MB < size < 11 * MB for size in sums)


def is_parser_known() -> bool:
    parser = lxml.html.HTMLParser()
    lxml.html.fromstring("<p>", parser=parser)
    parts = gc.get_referents(parser)
    return any(anatomy.path(type(each)) == trees.PARSER for each in parts)


def has_picture() -> bool:
    image = module("PIL.Image")
    return bool(opened(image.new("L", (400, 300)).im) >= 400 * 300)


LIBRARIES = [
    Part(
        "lxml.etree: libxml2's tree.h behind its elements",
        "",
        "heap/_trees.h heap/trees.py",
        "the pages that a crawl keeps would weigh little",
        weighs_pages,
    ),
    Part(
        "lxml.etree",
        "_ElementUnicodeResult _ElementStringResult|_ElementUnicodeResult",
        "explain/containers/remedies.py",
        "strings that keep a page's tree would be told without what helps",
        lambda: lxml.etree,
    ),
    Part(
        "lxml.etree._ParserContext",
        "",
        "heap/sizes.py heap/trees.py",
        "a bill would not have the bytes of parsers",
        is_parser_known,
    ),
    Part("pillow: ImagingCore", "", "heap/opaque/pictures.py", LOST, has_picture),
    Part(
        "pyarrow.lib.Table",
        "_column",
        "heap/opaque/arrow.py",
        LOST,
        lambda: module("pyarrow").lib.Table,
    ),
    Part(
        "polars.dataframe.frame.DataFrame",
        "_df",
        "heap/opaque/polars.py",
        LOST,
        lambda: module("polars").DataFrame({"a": [1]}),
    ),
    Part(
        "polars.series.series.Series",
        "_s",
        "heap/opaque/polars.py",
        LOST,
        lambda: module("polars").Series([1]),
    ),
    Part(
        "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler",
        "context_wrappers config",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(
            module("scrapy_playwright.handler").ScrapyPlaywrightDownloadHandler
        ),
    ),
    Part(
        "scrapy_playwright.handler.BrowserContextWrapper",
        "context",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: types.SimpleNamespace(
            **module("scrapy_playwright.handler").BrowserContextWrapper.__annotations__
        ),
    ),
    Part(
        "scrapy_playwright.handler.Config",
        "max_pages_per_context",
        "observe/browsers.py",
        "a crawl that waits for a page would not be told why",
        lambda: types.SimpleNamespace(
            **module("scrapy_playwright.handler").Config.__annotations__
        ),
    ),
    Part(
        "playwright: what its public objects wrap",
        "_impl_obj",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(module("playwright._impl._impl_to_api_mapping").ImplWrapper),
    ),
    Part(
        "playwright: a page of the implementation",
        "_browser_context",
        "observe/browsers.py",
        "who got a context would not be told",
        lambda: makes(of_playwright("page").Page),
    ),
    Part(
        "playwright: a context of the implementation",
        "_pages",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(of_playwright("browser_context").BrowserContext),
    ),
]
