"""Spiders that keep pages deep inside of something; a comment names the line."""

from __future__ import annotations

from types import SimpleNamespace

import fakeredis
from shelf_library import Table

from tests.zoo.animals.weights import Padded, copy_of


class Node:
    def __init__(self, text):
        self.text = text
        self.next = None


class Branch:
    """A node of a trie, with the texts of the words that end here."""

    def __init__(self):
        self.branches = {}
        self.texts = []


def catalogue():
    """Return a list behind several attributes."""
    box = SimpleNamespace(found=[])
    floor = SimpleNamespace(shelf=SimpleNamespace(box=box))
    return SimpleNamespace(shop=SimpleNamespace(floor=floor))


class DeepStructures(Padded):
    """Has a linked list, a trie, and a list behind six attributes."""

    name = "deep_structures"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = self.last = Node("")
        self.words = Branch()
        self.catalogue = catalogue()

    def parse(self, response):
        node = Node(copy_of(response))
        self.last.next = node  # here: linked_list
        self.last = node
        self.branch_of(response.url).texts.append(copy_of(response))
        box = self.catalogue.shop.floor.shelf.box
        box.found.append(copy_of(response))  # here: deep_attributes

    def branch_of(self, word):
        branch = self.words
        for letter in word:
            branch = branch.branches.setdefault(letter, Branch())  # here: trie
        return branch


class TidyStructures(DeepStructures):
    """Begins each anew after 40 pages, and makes a class for each page."""

    name = "tidy_structures"
    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen % 40 == 0:
            self.first = self.last = Node("")
            self.words = Branch()
            self.catalogue = catalogue()
        super().parse(response)
        page = type("Page", (), {"response": response})
        yield {"url": page.response.url, "text": copy_of(page.response)}


class Unflushed(Padded):
    name = "unflushed"


class TablePipeline:
    every = 0
    """Items after which the table is written; 0 for never."""

    def __init__(self):
        self.table = Table()
        self.added = 0

    def process_item(self, item):
        self.table.add({"url": item["url"], "text": item["text"]})  # here: table
        self.added += 1
        if self.every and self.added % self.every == 0:
            self.table.flush()
        return item


class RedisPipeline:
    every = 0

    def __init__(self):
        self.batch = fakeredis.FakeRedis().pipeline()
        self.added = 0

    def process_item(self, item):
        self.batch.set("latest", f"{item['text']} {item['url']}")  # here: redis
        self.added += 1
        if self.every and self.added % self.every == 0:
            self.batch.execute()
        return item


class FlushedTable(TablePipeline):
    every = 30


class ExecutedRedis(RedisPipeline):
    every = 30
