"""Spiders that keep few things, and heavy ones; a comment names the line."""

from __future__ import annotations

import array
import io
import sqlite3
from collections import OrderedDict

from tests.zoo.animals.base import Visitor

MEGABYTE = 1024 * 1024


class Padded(Visitor):
    """Visits pages of 240 kB, at a pace that any machine can keep."""

    path = "/page/{}?kb=240&ms=100"

    def parse(self, response):
        yield {"url": response.url, "text": copy_of(response)}


def copy_of(response):
    """Return the text as a string of its own."""
    return f"{response.url}\n{response.text}"


def number_of(response):
    return int(response.url.partition("?")[0].rpartition("/")[2])


class GrowingBuffers(Padded):
    name = "growing_buffers"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.raw = bytearray()

    def parse(self, response):
        self.raw += response.body  # here: growing_bytearray
        yield from super().parse(response)


class Uploading:
    """Writes all to one buffer, to upload it at the end."""

    def __init__(self):
        self.buffer = io.BytesIO()

    def process_item(self, item):
        self.buffer.write(item["text"].encode())  # here: growing_bytesio
        return item


class GrowingText(Padded):
    """Adds to a text, which is copied for that."""

    name = "growing_text"
    path = "/page/{}?kb=100&ms=100"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.report = ""
        self.lengths = array.array("q")

    def parse(self, response):
        self.report += response.text  # here: growing_str
        self.lengths.extend(range(12_500))  # here: growing_array


class Storing:
    """Has its table where ``place`` says."""

    place = ":memory:"

    def open_spider(self):
        self.database = sqlite3.connect(self.place)
        self.database.execute("create table pages (url text, text text)")

    def process_item(self, item):
        row = (item["url"], item["text"])
        insert = "insert into pages values (?, ?)"
        self.database.execute(insert, row)  # here: in_memory_database
        self.database.commit()
        return item

    def close_spider(self):
        self.database.close()


class StoringOnDisk(Storing):
    place = "pages.db"


class TidyBuffers(Padded):
    """Has each buffer, text and array for a while, and a database on disk."""

    name = "tidy_buffers"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.raw = bytearray()
        self.report = ""
        self.lengths = array.array("q")

    def parse(self, response):
        self.raw += response.body
        self.report += response.text
        self.lengths.extend(range(10_000))
        if len(self.raw) > MEGABYTE:
            self.raw.clear()
            self.report = ""
            del self.lengths[:]
        yield from super().parse(response)


class UploadingInParts(Uploading):
    def process_item(self, item):
        if self.buffer.tell() > MEGABYTE:
            self.buffer.seek(0)
            self.buffer.truncate()
        return super().process_item(item)


class Latest(OrderedDict):
    """The latest entries, so many at most."""

    def __init__(self, maxsize):
        super().__init__()
        self.maxsize = maxsize

    def keep(self, key, value):
        self[key] = value
        if len(self) > self.maxsize:
            self.popitem(last=False)


class TooLargeCache(Padded):
    """Has a cache of at most 10,000 pages, 2.4 GB."""

    name = "too_large_cache"
    most = 10_000

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latest = Latest(self.most)

    def parse(self, response):
        self.latest.keep(response.url, copy_of(response))  # here: too_large_cache
        yield {"url": response.url}


class RoomyCache(TooLargeCache):
    """Has one of at most 100 pages, 24 MB, for which there is room."""

    name = "roomy_cache"
    most = 100


class FewLargeOnes(Padded):
    """Keeps some 40 images of 1 MB and 120 documents of 300 kB."""

    name = "few_large_ones"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.images = []
        self.documents = {}

    def page(self, number, **kwargs):
        kb = 1000 if number % 8 == 0 else 300 if number % 3 == 0 else 1
        self.path = f"/page/{{}}?kb={kb}&ms=100"
        return super().page(number, **kwargs)

    def parse(self, response):
        if len(response.body) > MEGABYTE // 2:
            self.images.append(response.body)  # here: few_large_list
        elif len(response.body) > MEGABYTE // 5:
            self.documents[response.url] = response.body  # here: few_large_dict


class EmptiedSlowly(Padded):
    """Lets go of one page in three, and has a full cache of texts that grow."""

    name = "emptied_slowly"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pending = {}
        self.notes = Notes()

    def parse(self, response):
        self.pending[response.url] = copy_of(response)  # here: emptied_slowly
        number = number_of(response)
        if number % 3 == 0:
            self.pending.pop(next(iter(self.pending)))
        key = number % 40
        text = self.notes.get(key, "") + response.text
        self.notes[key] = text  # here: growing_entries


class Notes(OrderedDict):
    """The newest 40."""

    limit = 40

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        while len(self) > self.limit:
            self.popitem(last=False)


class EmptiedInTime(EmptiedSlowly):
    """Lets go of as many as come, and has the names of 600 shelves."""

    name = "emptied_in_time"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.images = []
        self.shelves = {}

    def parse(self, response):
        self.pending[response.url] = copy_of(response)
        if len(self.pending) > 30:
            for url in list(self.pending)[:20]:
                self.pending.pop(url)
        number = number_of(response)
        self.notes[number] = copy_of(response)
        self.images = [*self.images[-9:], response.body]
        for each in range(4 * number, 4 * number + 4):
            self.shelves[each % 600] = f"shelf {each % 600}"
