"""Tells which of several crawls in a process objects came from."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from scrapy import Spider

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.live_refs import instances_since

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ASKED = 50
LINKS = ("response", "request")
"""The way from a selector to its response, and from there to the request."""


def share_of(spider: Spider | None, cls: type, opened: float) -> float | None:
    """Return the part of the oldest instances of a class that came from a spider.

    Of those made since ``opened``, a time of `trackref_now`: a crawl that has ended
    may have left some. A request comes from the spider whose method is its
    callback, a response from its request, a selector from its response. None where
    none of them tells.
    """
    spiders = list(_spiders(instances_since(cls, opened, MOST_ASKED)))
    if not spiders:
        return None
    return sum(found is spider for found in spiders) / len(spiders)


def _spiders(instances: list[Any]) -> Iterator[Spider]:
    for instance in instances:
        source = instance
        for link in LINKS:
            found = anatomy.attribute(source, link)
            source = source if found is None else found
        callback = anatomy.attribute(source, "callback")
        if type(callback) is MethodType:
            owner = callback.__self__
            if anatomy.is_a(owner, Spider):
                yield cast("Spider", owner)
