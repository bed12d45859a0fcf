"""The spiders with something else to say than that pages leak, mended."""

from __future__ import annotations

import gc
import sqlite3

from tests.zoo.animals import kinds

ENOUGH = 1000
"""Entries after which a list is written out."""
BOUND = 200


class Dedup(kinds.Dedup):
    def __init__(self):
        self.seen = sqlite3.connect("seen.db")
        self.seen.execute("create table seen (url text primary key)")

    def process_item(self, item):
        for number in range(10):
            row = (f"{item['url']}#{number}",)
            self.seen.execute("insert or ignore into seen values (?)", row)
        return item

    def close_spider(self):
        self.seen.close()


class TextsByUrl(kinds.TextsByUrl):
    def parse(self, response):
        super().parse(response)
        while len(self.texts) > BOUND:
            self.texts.pop(next(iter(self.texts)))


class PricesOfAll(kinds.PricesOfAll):
    def parse(self, response):
        super().parse(response)
        if len(kinds.PRICES) >= ENOUGH:
            write_out(kinds.PRICES)


class TitlesOfTheClass(kinds.TitlesOfTheClass):
    def parse(self, response):
        super().parse(response)
        if len(self.titles) >= ENOUGH:
            write_out(self.titles)


def write_out(entries):
    with open("entries", "a") as file:
        file.writelines(f"{each}\n" for each in entries)
    entries.clear()


class OffersByUrl(kinds.OffersByUrl):
    def parse(self, response):
        super().parse(response)
        for number in range(10):
            yield from self.offers.pop(f"{response.url}#{number}")


class OffersByShelf(kinds.OffersByShelf):
    def parse(self, response):
        for number in range(100):
            yield {"url": response.url, "price": number, "shelf": number % 10}


class NotOnDisk(kinds.NotOnDisk):
    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse, meta={"steps": [0, 1, 2]})


class GcOff(kinds.GcOff):
    """Calls the collector now and then."""

    seen = 0

    def parse(self, response):
        super().parse(response)
        self.seen += 1
        if self.seen % 100 == 0:
            gc.collect()
