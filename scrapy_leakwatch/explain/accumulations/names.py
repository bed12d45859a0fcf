"""The names of tags and attributes that lxml keeps for its parsers."""

from __future__ import annotations

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.names import TABLE

KIND = AccumulationKind(
    lambda place: anatomy.inherits(place.holder, TABLE),
    says(
        "pages have tags or attributes that no other page has, and lxml keeps their"
        " names as long as the thread lives: take them out before, such as with"
        " response.replace(body=re.sub(...)), or have a fresh process go on now and"
        " then (scrapy leakwatch run --recycle)"
    ),
)
