"""What becomes of what a call returns."""

import ast
import textwrap

import pytest

from scrapy_leakwatch.explain.code import calls


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("work()", "dropped"),
        ("work().addErrback(print)", "dropped"),
        ("d = work(); d.addErrback(print); d.addCallback(print)", "dropped"),
        ("asyncio.ensure_future(work())", "dropped"),
        ("_ = work()", "dropped"),
        ("return work()", "returned"),
        ("return work().addCallback(print)", "returned"),
        ("yield work()", "returned"),
        ("d = work(); d.addErrback(print); return d", "returned"),
        ("return maybe_deferred_to_future(work())", "returned"),
        ("await work()", "awaited"),
        ("await asyncio.wrap_future(work())", "awaited"),
        ("await asyncio.gather(*[work() for _ in rows])", "awaited"),
        ("d = work(); await maybe_deferred_to_future(d)", "awaited"),
        ("future = work(); rows = future.result()", "awaited"),
        ("work().result()", "awaited"),
        ("self.last = work()", "kept"),
        ("self.begun.append(work())", "kept"),
        ("d = work(); self.begun.append(d)", "kept"),
        ("d, e = work()", "kept"),
        ("print(work())", "kept"),
        ("if work(): pass", "kept"),
    ],
)
def test_it_is_told_whether_somebody_waits(body, outcome):
    function = "async def parse(self):\n    " + body
    if "yield" in body:
        function = function.removeprefix("async ")
    tree = ast.parse(textwrap.dedent(function))
    (found,) = calls.starting(tree, frozenset(["work"]))
    assert (found.name, found.function, found.outcome) == ("work", "parse", outcome)
