"""Healthy spiders that keep things, within bounds or for a while."""

from __future__ import annotations

import collections
import functools
import gc
import weakref

from scrapy import Field, Item

from tests import increments
from tests.zoo.animals.base import Visitor


class BoundedDeque(Visitor):
    name = "bounded_deque"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = collections.deque(maxlen=450)

    def parse(self, response):
        self.last.append(response)


class BoundedCache(Visitor):
    name = "bounded_cache"

    def parse(self, response):
        yield {"title": title_of(response)}


@functools.lru_cache(maxsize=450)
def title_of(response):
    return response.css("title::text").get()


class Shelves(Visitor):
    """Keeps the latest page of each of 120 shelves."""

    name = "shelves"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latest = {}

    def parse(self, response):
        number = int(response.url.rpartition("/")[2])
        self.latest[number % 120] = response


class EvictsByHand(Visitor):
    name = "evicts_by_hand"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pages_by_url = {}

    def parse(self, response):
        self.pages_by_url[response.url] = response
        while len(self.pages_by_url) > 120:
            self.pages_by_url.pop(next(iter(self.pages_by_url)))


class Row(Item):
    url = Field()


class FlushedItems(Visitor):
    name = "flushed_items"

    def parse(self, response):
        for _ in range(5):
            yield Row(url=response.url)


class Flushing:
    def __init__(self):
        self.batch = []

    def process_item(self, item):
        self.batch.append(item)
        if len(self.batch) >= 500:
            self.batch = []
        return item


class FlushedPages(Visitor):
    name = "flushed_pages"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.batch = []

    def parse(self, response):
        self.batch.append(response)
        if len(self.batch) >= 150:
            self.batch.clear()


class WarmUp(Visitor):
    """Keeps the first pages for as long as it runs, and no more."""

    name = "warm_up"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.samples = []

    def parse(self, response):
        if len(self.samples) < 130:
            self.samples.append(response)


class GcFrozen(Visitor):
    name = "gc_frozen"
    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen % 200 == 0:
            gc.collect()
            gc.freeze()
        yield from super().parse(response)


class GcRare(Visitor):
    """Lets the collector run so rarely that dead pages pile up in between."""

    name = "gc_rare"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        gc.set_threshold(20_000, 20, 20)

    def parse(self, response):
        response.meta["page"] = response
        yield from super().parse(response)


class GcInIncrements(GcRare):
    """Is never shown what is alive by a full collection."""

    name = "gc_in_increments"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        increments.install()


class BigBodiesFreed(Visitor):
    """Begins with big pages, and goes on with small ones."""

    name = "big_bodies_freed"

    def page(self, number, **kwargs):
        request = super().page(number, **kwargs)
        kb = 2000 if number < 40 else 0
        return request.replace(url=f"{request.url}?kb={kb}")


class LoadedAtStart(Visitor):
    """Has a large table from the start that never grows."""

    name = "loaded_at_start"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.prices = {f"product {number}": number for number in range(200_000)}


class ClearedSet(Visitor):
    name = "cleared_set"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words = set()

    def parse(self, response):
        if len(self.words) > 2000:
            self.words.clear()
        self.words.update(f"{response.url}#{number}" for number in range(20))


class WeakCache(Visitor):
    name = "weak_cache"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.known = weakref.WeakValueDictionary()

    def parse(self, response):
        self.known[response.url] = response
        yield from super().parse(response)
