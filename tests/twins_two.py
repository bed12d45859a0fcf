"""Another project with a ``Product`` and an ``Offer`` of its own."""

from __future__ import annotations

import scrapy


class Product:
    def __init__(self, url):
        self.url = url


class Offer(scrapy.Item):
    url = scrapy.Field()
