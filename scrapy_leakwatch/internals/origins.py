"""Tells from whom a request, a response or a selector came."""

from __future__ import annotations

from types import MethodType
from typing import Any, cast

from scrapy import Spider

from scrapy_leakwatch.foundation import anatomy

LINKS = ("response", "request")
"""The way from a selector to its response, and from there to the request."""


def spider_of(instance: Any) -> Spider | None:
    """Return the spider whose method is the callback of an instance's request.

    None where it does not tell.
    """
    source = instance
    for link in LINKS:
        found = anatomy.attribute(source, link)
        source = source if found is None else found
    callback = anatomy.attribute(source, "callback")
    if type(callback) is not MethodType:
        return None
    owner = callback.__self__
    return cast("Spider", owner) if anatomy.is_a(owner, Spider) else None


def is_of_response(selector: Any) -> bool:
    """Tell whether it is the one that a response has of its own, for its `css`."""
    page = anatomy.attribute(selector, "response")
    return page is not None and anatomy.attribute(page, "_cached_selector") is selector
