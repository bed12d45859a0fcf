"""Pages that are held where no object shows it, and their dead twins."""

from __future__ import annotations

import pytest

PRELUDE = """
import ctypes, gc

class OutOfSight(spiders.ShopSpider):
    name = "out_of_sight"
    pages = {pages}

    def follow(self, response):
        response.meta["again"] = response
        {keep}
        yield from super().follow(response)

spiders.OutOfSight = OutOfSight
"""
OF_C = "ctypes.pythonapi.Py_IncRef(ctypes.py_object(response))"
NO_COLLECTION = "gc.disable()\ngc.collect = lambda *_: 0\n"


@pytest.mark.slow
def test_pages_that_c_holds_leak_and_are_no_garbage(crawl) -> None:
    result = crawl("OutOfSight", prelude=PRELUDE.format(pages=1500, keep=OF_C))
    assert result.stats["leakwatch/verdict"] == "leak"
    assert "who holds them is not known: held where Python's collector" in result.log
    assert "is garbage" not in result.log


def test_pages_that_nobody_holds_or_collects_are_garbage(crawl) -> None:
    prelude = PRELUDE.format(pages=1500, keep="pass") + NO_COLLECTION
    # Dead ones are told by ten times as many, and asked about at each half more.
    result = crawl("OutOfSight", prelude=prelude, LEAKWATCH_MIN_OBJECTS=50)
    assert "HtmlResponse is garbage, not a leak" in result.log
    assert "is leaking" not in result.log
