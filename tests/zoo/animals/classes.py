"""Spiders that make classes at run time; a comment names the line."""

from __future__ import annotations

import dataclasses
import functools

from itemloaders.processors import TakeFirst
from scrapy import Field, Item
from scrapy.loader import ItemLoader

from tests.zoo.animals.base import Visitor
from tests.zoo.animals.weights import Padded, copy_of


class ClassOfEachPage(Visitor):
    """Has five item classes for each page, in a dict."""

    name = "class_of_each_page"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.classes = {}

    def parse(self, response):
        for number in range(5):
            cls = type("Page", (Item,), {"url": Field(), "title": Field()})
            self.classes[response.url, number] = cls  # here: class_of_each_page
            yield cls(url=response.url)


PARSERS = []


class Parsing:
    """Has its subclasses in a registry."""

    def __init_subclass__(cls):
        PARSERS.append(cls)  # here: registered_classes


class RegisteredClasses(Visitor):
    """Makes subclasses of what remembers each."""

    name = "registered_classes"

    def parse(self, response):
        for _ in range(3):

            class Parser(Parsing):
                url = response.url

        yield {"url": Parser.url}


class ItemsOfOwnClasses(Visitor):
    """Keeps items, each of a class of its own."""

    name = "items_of_own_classes"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.items = []

    def parse(self, response):
        class Offer(Item):
            url = Field()

        self.items.append(Offer(url=response.url))  # here: items_of_own_classes


class CachedFunctions(Visitor):
    """Has a function of each page as the argument of a cached function."""

    name = "cached_functions"

    def parse(self, response):
        title = applied(lambda: response.css("title").get())  # here: cached_functions
        yield {"title": title}


@functools.cache
def applied(function):
    return function()


class ClassesLetGo(Visitor):
    """Makes an item class, a loader and a dataclass for each page, and lets them go."""

    name = "classes_let_go"

    def parse(self, response):
        class Product(Item):
            title = Field()

        class Loader(ItemLoader):
            default_item_class = Product
            default_output_processor = TakeFirst()

        loader = Loader(response=response)
        loader.add_css("title", "title::text")
        yield loader.load_item()
        cls = dataclasses.make_dataclass("Page", ["url"])
        yield cls(response.url)


class FewClasses(Visitor):
    """Has an item class for each of 40 shelves."""

    name = "few_classes"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.classes = {}

    def parse(self, response):
        shelf = int(response.url.rpartition("/")[2]) % 40
        if shelf not in self.classes:
            self.classes[shelf] = type(f"Shelf{shelf}", (Item,), {"url": Field()})
        yield self.classes[shelf](url=response.url)


class HeavyClassesLetGo(Padded):
    """Makes an item class that has the page's text, and lets it go."""

    name = "heavy_classes_let_go"

    def parse(self, response):
        fields = {"url": Field(), "text": copy_of(response)}
        yield type("Page", (Item,), fields)(url=response.url)  # here: heavy_classes
