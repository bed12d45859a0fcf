"""What the tests of the bill share: how to ask for one, and what to keep."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy.crawler import Crawler
from scrapy.settings import Settings

from scrapy_leakwatch.explain import BillRequest, bill_in_child
from scrapy_leakwatch.records import Bill

if TYPE_CHECKING:
    from scrapy import Spider

MB = 1_000_000


def crawler_of(spider: type[Spider]) -> Crawler:
    """Return a crawler that never runs, whose spider may keep something."""
    found = Crawler(spider, Settings())
    found.spider = spider()
    return found


def billed(crawler: Crawler, before=None) -> Bill:
    """Return the bill of this process."""
    asked = bill_in_child(BillRequest(before or {}, 0), crawler, 60.0)
    while (found := asked.poll()) is None:
        time.sleep(0.01)
    assert isinstance(found, Bill), found
    return found


def place(bill: Bill, path: str):
    """Return the owner and the path that is written like this."""
    found = [
        (owner, each)
        for owner in bill.owners
        for each in owner.paths
        if each.path == path
    ]
    assert found, [each.path for owner in bill.owners for each in owner.paths]
    return found[0]


def texts(count: int = 3000) -> list[str]:
    """Return texts of a kilobyte each, none of them shared."""
    return [f"{number:>1000}" for number in range(count)]
