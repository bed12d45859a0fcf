import ast

import pytest

from scrapy_leakwatch.explain.removals import shrunk

CLASS = """
class Spider:
    seen = {{}}
    def __init__(self):
        self.seen = {{}}
    def parse(self, response):
        {statement}
"""


@pytest.mark.parametrize(
    "statement",
    [
        "self.seen.pop(response.url)",
        "self.seen.popitem(last=False)",
        "del self.seen[response.url]",
        "self.seen[response.url].clear()",
        "self.seen = {}",
        "self.seen = self.seen[-100:]",
        "old = self.seen.popleft()",
    ],
)
def test_a_line_that_takes_entries_out_is_found(statement) -> None:
    tree = ast.parse(CLASS.format(statement=statement))
    (found,) = shrunk(tree, "seen", False)
    assert (found.line, found.class_name, found.function) == (7, "Spider", "parse")


@pytest.mark.parametrize(
    "statement",
    [
        "self.seen.add(response.url)",
        "self.seen[response.url] = {}",
        "self.seen = sorted(self.seen)",
        "self.other.pop(response.url)",
        "seen.clear()",
        "del self.seen_too[0]",
    ],
)
def test_a_line_that_takes_nothing_out_is_not(statement) -> None:
    assert not shrunk(ast.parse(CLASS.format(statement=statement)), "seen", False)


def test_a_global_is_known_by_its_bare_name() -> None:
    tree = ast.parse("SEEN = {}\ndef parse(response):\n    SEEN.clear()\n")
    (found,) = shrunk(tree, "SEEN", True)
    assert found.line == 3


@pytest.mark.parametrize(
    "test",
    [
        "self.seen is None",
        "not self.seen",
        "not hasattr(self, 'seen')",
        "getattr(self, 'seen', None) is None",
    ],
)
def test_what_is_made_at_its_first_use_takes_nothing_out(test) -> None:
    tree = ast.parse(CLASS.format(statement=f"if {test}: self.seen = set()"))
    assert not shrunk(tree, "seen", False)


def test_what_is_replaced_when_it_is_full_is_emptied() -> None:
    statement = "if len(self.seen) > 100: self.seen = set()"
    assert shrunk(ast.parse(CLASS.format(statement=statement)), "seen", False)


@pytest.mark.parametrize("function", ["open_spider", "close_spider", "closed"])
def test_the_crawls_start_and_end_take_nothing_out_meanwhile(function) -> None:
    lines = "class Pipeline:\n    def {}(self, spider):\n        self.seen = set()\n"
    assert not shrunk(ast.parse(lines.format(function)), "seen", False)
