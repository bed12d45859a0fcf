"""Which expressions of a source file put something somewhere."""

import ast

import pytest

from scrapy_leakwatch.explain.expressions import keyed, stored


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
