"""Spiders for parts of Scrapy and of add-ons, as installed from PyPI."""

from __future__ import annotations

from scrapy.pipelines.files import FilesPipeline
from scrapy.spiders import SitemapSpider

from tests.zoo.animals.base import Endless, Visitor


class Files(Visitor):
    name = "files"

    def parse(self, response):
        number = response.url.rpartition("/")[2]
        yield {"url": response.url, "file_urls": [f"{self.site}/image/{number}"]}


class LostFiles(Visitor):
    """Two files for each item: one is missing, one hangs up."""

    name = "lost_files"

    def parse(self, response):
        number = response.url.rpartition("/")[2]
        image = f"{self.site}/image/{number}"
        urls = [f"{image}?status=404", f"{image}?drop=1"]
        yield {"url": response.url, "file_urls": urls}


class MendedFiles(LostFiles):
    name = "mended_files"


class MendedPipeline(FilesPipeline):
    """Keeps failures without what led to them."""

    def item_completed(self, results, item, info):
        done = super().item_completed(results, item, info)
        for fine, found in results:
            if not fine:
                found.value.__traceback__ = found.value.__context__ = None
        return done


class BadImages(Visitor):
    """Two images for each item, one of them no image at all."""

    name = "bad_images"

    def parse(self, response):
        number = response.url.rpartition("/")[2]
        urls = [f"{self.site}/image/{number}", f"{self.site}/page/{number}?no_image=1"]
        yield {"url": response.url, "image_urls": urls}


class Feeds(Visitor):
    name = "feeds"

    def parse(self, response):
        for number in range(5):
            yield {"url": response.url, "number": number, "text": response.text[:500]}


class Redis(Endless):
    """Has its queue, its duplicate filter and its items in Redis."""

    name = "redis"
    path = "/tree/{}?links=3"


class Mapped(SitemapSpider):
    name = "mapped"

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.site = site
        self.sitemap_urls = [f"{site}/sitemap/{number}" for number in range(10)]

    def sitemap_filter(self, entries):
        for entry in entries:
            yield {**entry, "loc": self.site + entry["loc"]}

    def parse(self, response):
        yield {"url": response.url}


class Agents(Visitor):
    """Takes another user agent for each request."""

    name = "agents"


class Monitored(Visitor):
    """Has its items checked, and its stats watched."""

    name = "monitored"

    def parse(self, response):
        yield {"url": response.url, "price": "none"}
