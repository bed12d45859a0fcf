"""What is read of libraries that need not be there."""

from __future__ import annotations

import gc
import types
from typing import Any

import lxml.etree
import lxml.html

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import trees
from scrapy_leakwatch.heap.roots import Outside, parsers
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


def has_names() -> bool:
    lxml.html.fromstring("<p>")
    (root,) = parsers.roots(None, Outside())
    return len(root.starts) == 1 and bool(opened(root.starts[0].obj))


def has_picture() -> bool:
    image = module("PIL.Image")
    return bool(opened(image.new("L", (400, 300)).im) >= 400 * 300)


def mapped() -> Any:
    library, orm = module("sqlalchemy"), module("sqlalchemy.orm")
    column = library.Column("id", library.Integer, primary_key=True)
    page, registry = type("Page", (), {}), orm.registry()
    registry.map_imperatively(page, library.Table("page", registry.metadata, column))
    return page()


LIBRARIES = [
    Part(
        "lxml.etree: libxml2's tree.h behind its elements",
        "",
        "heap/_trees.h heap/trees.py",
        "the pages that a crawl keeps would weigh little",
        weighs_pages,
    ),
    Part(
        "lxml.etree._ParserContext",
        "",
        "heap/sizes.py heap/trees.py",
        "a bill would not have the bytes of parsers",
        is_parser_known,
    ),
    Part(
        "lxml.etree._ParserDictionaryContext: libxml2's dict.h behind it",
        "",
        "heap/opaque/names.py heap/roots/parsers.py",
        "the names of tags and attributes that lxml keeps would have no owner",
        has_names,
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
        "sqlalchemy: the state of an object that is mapped",
        "_sa_instance_state",
        "explain/things/databases.py",
        "rows for a database would be told as items",
        mapped,
    ),
    Part(
        "prometheus_client.metrics.MetricWrapperBase",
        "_metrics",
        "internals/tables.py",
        "labels with ever new values would be told without what helps",
        lambda: makes(module("prometheus_client.metrics").MetricWrapperBase),
    ),
    Part(
        "opentelemetry._logs",
        "get_logger LogRecord SeverityNumber",
        "export/otel/telemetry.py",
        "verdicts would be counted, and no events",
        lambda: module("opentelemetry._logs"),
    ),
    Part(
        "opentelemetry.sdk.metrics._internal._view_instrument_match",
        "_attributes_aggregation",
        "internals/tables.py",
        "attributes with ever new values would be told without what helps",
        lambda: makes(
            module(
                "opentelemetry.sdk.metrics._internal._view_instrument_match"
            )._ViewInstrumentMatch
        ),
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
