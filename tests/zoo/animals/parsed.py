"""Spiders that parse pages of which each has tags and attributes of its own."""

from __future__ import annotations

from scrapy import Selector

from tests.zoo.animals.base import Visitor
from tests.zoo.animals.weights import number_of

ELEMENTS = 1500
LONG = "q" * 50


class OwnNames(Visitor):
    name = "own_names"
    path = "/page/{}?ms=100"

    def parse(self, response):
        page = Selector(text=self.text_of(number_of(response)))
        yield {"url": response.url, "title": page.css("h1::text").get()}

    def text_of(self, number):
        """Return a page such as a framework makes that scopes its styles."""
        elements = (
            f"<x-{number}-{each}-{LONG} data-{number}-{each}-{LONG}=1>offer"
            for each in range(ELEMENTS)
        )
        return f"<h1>Page {number}</h1>{'<p>'.join(elements)}"


class SharedNames(OwnNames):
    """Has as many elements, of which all pages have the same."""

    name = "shared_names"

    def text_of(self, number):
        return super().text_of(0)
