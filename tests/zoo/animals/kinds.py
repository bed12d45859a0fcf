"""Spiders that do something else than leak pages; a comment names the line."""

from __future__ import annotations

import collections
import ctypes
import gc
import time

from scrapy import Field, Item

from tests.zoo.animals.base import Endless, Visitor

PRICES = []
SMALL = 400


class SeenUrls(Visitor):
    name = "seen_urls"


class Dedup:
    def __init__(self):
        self.seen = set()

    def process_item(self, item):
        for number in range(10):
            self.seen.add(f"{item['url']}#{number}")  # here: seen_urls
        return item


class TextsByUrl(Visitor):
    name = "texts_by_url"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.texts = {}

    def parse(self, response):
        for number in range(10):
            page = f"{response.url}#{number}"
            self.texts[page] = f"{page}: {response.text}"  # here: texts_by_url


class PricesOfAll(Visitor):
    name = "prices_of_all"

    def parse(self, response):
        for number in range(10):
            PRICES.append((response.url, number))  # here: prices_of_all


class TitlesOfTheClass(Visitor):
    name = "titles_of_the_class"
    titles = []

    def parse(self, response):
        for number in range(10):
            title = f"{response.url}: {number}"
            self.titles.append(title)  # here: titles_of_the_class


class OffersByUrl(Visitor):
    name = "offers_by_url"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.offers = {}

    def parse(self, response):
        for number in range(10):
            offers = [{"url": response.url, "price": number}]
            self.offers[f"{response.url}#{number}"] = offers  # here: offers_by_url


class OffersByShelf(Visitor):
    """Has ten lists that grow in a dict that does not."""

    name = "offers_by_shelf"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shelves = collections.defaultdict(list)

    def parse(self, response):
        for number in range(100):
            offer = {"url": response.url, "price": number}
            self.shelves[number % 10].append(offer)  # here: offers_by_shelf


class TooManyLinks(Endless):
    name = "too_many_links"


def iter_steps():
    yield from range(3)


class NotOnDisk(Endless):
    """Has a JOBDIR, but a generator in meta can't be written to disk."""

    name = "not_on_disk"

    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse, meta={"steps": iter_steps()})


class Entry(Item):
    whole = Field()


class GcOff(Visitor):
    """Switches the collector off; each item is in a cycle of its own."""

    name = "gc_off"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        gc.disable()

    def parse(self, response):
        for _ in range(20):
            entry = Entry()
            entry["whole"] = {"entry": entry}


class Malloc(Visitor):
    name = "malloc"
    path = "/page/{}?ms=0"
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p

    def parse(self, response):
        size = 20_000
        for _ in range(10):
            ctypes.memset(self.libc.malloc(size), 1, size)


class Holes(Visitor):
    """Makes 100 MB of small objects, and lets go of all but every fiftieth."""

    name = "holes"
    seen = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table = []

    def parse(self, response):
        self.seen += 1
        if self.seen <= 50:
            self.table.extend(bytes(SMALL) for _ in range(5000))
        elif self.seen == 51:
            gc.collect()  # Python's blocks are counted beside a full collection
            self.table = self.table[::50]
        if self.seen % 50 == 0:  # as often as in a long crawl
            gc.collect()


class Changing(Visitor):
    """Changes its ways after 14 samples, however fast the machine."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.opened = time.monotonic()

    @property
    def is_young(self):
        interval_s = self.settings.getfloat("LEAKWATCH_INTERVAL")
        return time.monotonic() < self.opened + 14 * interval_s


def let_go(pages):
    """Empty a list where nobody who reads its owner can see it."""
    del pages[:]


class KeepsForAWhile(Changing):
    name = "keeps_for_a_while"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kept = []

    def parse(self, response):
        if self.is_young:
            self.kept.append(response)
        else:
            let_go(self.kept)


class FullShelves(Changing):
    """Keeps the latest page of each shelf: it grows until all shelves have one."""

    name = "full_shelves"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latest = {}

    def parse(self, response):
        number = int(response.url.rpartition("/")[2])
        self.latest[number if self.is_young else number % len(self.latest)] = response


class Unseen(Visitor):
    """Keeps items where LeakWatch may not look, and no collection proves it."""

    name = "unseen"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        gc.disable()
        self.kept = []

    def parse(self, response):
        self.kept.extend(Entry() for _ in range(20))
