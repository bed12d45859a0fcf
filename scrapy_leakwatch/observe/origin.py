"""Tells which of several crawls in a process objects came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.internals.origins import spider_of
from scrapy_leakwatch.observe.live_refs import instances_since

if TYPE_CHECKING:
    from scrapy import Spider

MOST_ASKED = 50


def share_of(spider: Spider | None, cls: type, opened: float) -> float | None:
    """Return the part of the older instances of a class that came from a spider.

    Of those made since ``opened``, a time of `trackref_now`: a crawl that has ended
    may have left some. A request comes from the spider whose method is its
    callback, a response from its request, a selector from its response. None where
    none of them tells.
    """
    found = map(spider_of, instances_since(cls, opened, MOST_ASKED))
    spiders = [each for each in found if each is not None]
    if not spiders:
        return None
    return sum(each is spider for each in spiders) / len(spiders)
