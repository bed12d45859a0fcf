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
