import ast

import pytest

from scrapy_leakwatch.explain.code.removals import shrunk

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
        "rows, self.seen = self.seen, []",
        "self.seen: list = []",
        "self.seen[:] = self.seen[-100:]",
        "self.seen[:] = []",
        "self.seen = [each for each in self.seen if each.fresh]",
        "self.seen = {key: v for key, v in self.seen.items() if v > now}",
        "self.seen = {each for each in self.seen if each not in done}",
        "self.seen = {key: self.seen[key] for key in list(self.seen)[-50:]}",
        "self.seen = list(self.seen)[-50:]",
        "self.seen = dict(list(self.seen.items())[-50:])",
        "self.seen = [*self.seen[-99:], response.url]",
        "self.seen = self.seen[-99:] + [response.url]",
        "self.seen = {**{key: v for key, v in self.seen.items() if v}, 'a': 1}",
        "self.seen = self.seen[-9:] if len(self.seen) > 9 else self.seen",
        "self.seen = list(filter(is_fresh, self.seen))",
        "self.seen = heapq.nlargest(100, [*self.seen, response.url])",
        "heapq.heappop(self.seen)",
        "old = heappushpop(self.seen, response.url)",
        "heapreplace(self.seen, response.url)",
        "self.seen -= done",
        "self.seen &= live",
        "self.seen = self.seen - done",
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
        "self.seen[response.url] = None",
        "self.seen[response.url] -= 1",
        "self.seen: list",
        "self.seen = sorted(self.seen)",
        "self.seen = list(self.seen)",
        "self.seen += [1]",
        "self.seen |= {1}",
        "self.seen = [*self.seen, response.url]",
        "self.seen = [str(each) for each in self.seen]",
        "self.seen = self.seen + [url for url in urls if url not in self.seen]",
        "self.seen = [*self.seen, max(self.seen[-5:])]",
        "rows, self.seen = [], self.seen",
        "heapq.heappush(self.seen, response.url)",
        "self.seen.get(response.url)",
        "self.seen.get_nowait()",
        "self.other.pop(response.url)",
        "seen.clear()",
        "del self.seen_too[0]",
    ],
)
def test_a_line_that_takes_nothing_out_is_not(statement) -> None:
    assert not shrunk(ast.parse(CLASS.format(statement=statement)), "seen", False)


@pytest.mark.parametrize("statement", ["self.seen.get_nowait()", "self.seen.get()"])
def test_to_get_from_a_queue_takes_an_entry_out(statement) -> None:
    tree = ast.parse(CLASS.format(statement=statement))
    assert shrunk(tree, "seen", False, in_queue=True)


def test_a_global_is_known_by_its_bare_name() -> None:
    tree = ast.parse("SEEN = {}\ndef parse(response):\n    SEEN.clear()\n")
    (found,) = shrunk(tree, "SEEN", True)
    assert found.line == 3


@pytest.mark.parametrize(
    "made", ["self.seen = set()", "self.seen: set = set()", "self.n, self.seen = 0, {}"]
)
@pytest.mark.parametrize(
    "test",
    [
        "self.seen is None",
        "not self.seen",
        "not hasattr(self, 'seen')",
        "getattr(self, 'seen', None) is None",
    ],
)
def test_what_is_made_at_its_first_use_takes_nothing_out(test, made) -> None:
    tree = ast.parse(CLASS.format(statement=f"if {test}: {made}"))
    assert not shrunk(tree, "seen", False)


def test_what_is_replaced_when_it_is_full_is_emptied() -> None:
    statement = "if len(self.seen) > 100: self.seen = set()"
    assert shrunk(ast.parse(CLASS.format(statement=statement)), "seen", False)


@pytest.mark.parametrize("function", ["open_spider", "close_spider", "closed"])
def test_the_crawls_start_and_end_take_nothing_out_meanwhile(function) -> None:
    lines = "class Pipeline:\n    def {}(self, spider):\n        self.seen = set()\n"
    assert not shrunk(ast.parse(lines.format(function)), "seen", False)
