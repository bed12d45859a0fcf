"""Which expressions of a source file put something somewhere."""

import ast
import importlib
import sys
import time

import pytest

from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.code.expressions import keyed, stored
from scrapy_leakwatch.explain.code.removals import shrunk
from scrapy_leakwatch.foundation import lines


@pytest.mark.parametrize(
    "code",
    [
        'Request(url, meta={"k": response})',
        "Request(url, meta=dict(k=response))",
        'Request(url, meta={**response.meta, "k": response})',
        'Request(url, meta=response.meta | {"k": response})',
        'request.meta["k"] = response',
        'request.meta.update({"k": response})',
        "request.meta.update(k=response)",
        'request.meta.setdefault("k", response)',
        'request.replace(meta={"k": [response]})',
    ],
)
def test_a_key_of_meta_is_found(code):
    assert {one.line for one in keyed(ast.parse(code), "meta", "k")} == {1}


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ('def f(r):\n    m = {"k": r}\n    return Request(u, meta=m)', 2),
        ('def f(r):\n    m = {}\n    m["k"] = r\n    return Request(u, meta=m)', 3),
    ],
)
def test_a_key_put_into_a_variable_is_found_where_it_is_put(code, line):
    assert [one.line for one in keyed(ast.parse(code), "meta", "k")] == [line]


@pytest.mark.parametrize(
    "code",
    [
        'Request(url, meta={"k": None})',
        'Request(url, meta={"k": 3})',
        'Request(url, cb_kwargs={"k": response})',
        'Request(url, meta={"other": response})',
        'response.meta["k"]',
        'item["k"] = response',
        'm = {"k": response}',
    ],
)
def test_what_puts_nothing_there_is_not_found(code):
    assert keyed(ast.parse(code), "meta", "k") == []


@pytest.mark.parametrize(
    "code",
    [
        "self.pages.append(response)",
        "self.pages[url] = response",
        "self.pages[a][b] = response",
        "self.pages[key].append(response)",
        "self.pages.setdefault(key, []).append(response)",
        "self.pages += [response]",
        "self.pages = [*self.pages, response]",
        "heapq.heappush(self.pages, response)",
    ],
)
def test_what_fills_an_attribute_is_found(code):
    assert {one.base for one in stored(ast.parse(code), "pages", False)} == {"self"}


@pytest.mark.parametrize(
    "code",
    [
        "self.pages = []",
        "self.pages = defaultdict(list)",
        "self.pages: list = []",
        "self.pages = None",
        "self.pages.pop()",
        "self.other.append(response)",
        "pages.append(response)",
        "len(self.pages)",
    ],
)
def test_what_empties_or_reads_an_attribute_is_not_found(code):
    assert stored(ast.parse(code), "pages", False) == []


def test_a_global_is_found_by_its_bare_name():
    assert [one.base for one in stored(ast.parse("SEEN.add(x)"), "SEEN", True)] == [""]


MAKER_AND_FILLER = """
class Shop:
    def __init__(self):
        self.pages = {name: [] for name in "abc"}
    def parse(self, response):
        self.pages["a"].append(response)
"""


def test_the_line_that_fills_a_container_is_told_and_not_the_one_that_makes_it():
    found = stored(ast.parse(MAKER_AND_FILLER), "pages", False)
    assert sorted((one.line, one.adds) for one in found) == [(4, False), (6, True)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make the only module of a project and return its class ``Shop``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lines, "_STARTED", time.time() + 60)

    def make(name: str, text: str):
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(name).Shop

    yield make
    for name in ("shop_of_one", "shop_of_carts", "shop_of_shops", "shop_of_spiders"):
        sys.modules.pop(name, None)


def test_of_maker_and_filler_the_filler_is_to_blame(project) -> None:
    shop = project("shop_of_one", MAKER_AND_FILLER)
    line = source.of_attribute("pages", shop, (shop,))
    assert line.code == 'self.pages["a"].append(response)'
    assert not line.likely


@pytest.mark.parametrize(
    ("base", "is_found"), [("cart", False), ("shop", True), ("spider", True)]
)
def test_what_another_object_does_with_its_own_takes_nothing_out(
    project, base, is_found
) -> None:
    other = f"class Till:\n    def total(self, {base}):\n        {base}.pages.pop()\n"
    shop = project(f"shop_of_{base}s", MAKER_AND_FILLER + other)
    line = source.of_attribute("pages", shop, (shop,), shrunk, strict=True)
    assert (line is not None) == is_found
