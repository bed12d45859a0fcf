"""Tells which of several crawls in a process objects came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.internals.origins import spider_of
from scrapy_leakwatch.observe.live_refs import instances_since

if TYPE_CHECKING:
    from scrapy import Spider

ASKED = 50
OF_EACH = 10
"""Of so many crawls that have equal parts each is to have so many among those asked."""
MOST_ASKED = 500
LEAST_OWN = 5
"""Fewer of those asked may be what a crawl works on."""


def share_of(
    spider: Spider | None, cls: type, opened: float, crawls: int = 1
) -> float | None:
    """Return the part of the older instances of a class that came from a spider.

    Of those made since ``opened``, a time of `trackref_now`: a crawl that has ended
    may have left some. A request comes from the spider whose method is its
    callback, a response from its request, a selector from its response. The more
    ``crawls`` the process has, the more instances are asked. 0 where next to none of
    them are its own, None where none of them tells.
    """
    asked = min(max(ASKED, OF_EACH * crawls), MOST_ASKED)
    found = map(spider_of, instances_since(cls, opened, asked))
    spiders = [each for each in found if each is not None]
    if not spiders:
        return None
    share = sum(each is spider for each in spiders) / len(spiders)
    return share if share >= LEAST_OWN / asked else 0.0
