"""Spiders whose caches grow: Scrapy's own, and bounded ones that fill up."""

from __future__ import annotations

import collections
import functools

import scrapy
import shelf_library
from scrapy.pipelines.media import MediaPipeline
from scrapy.utils.datatypes import LocalCache

from tests.zoo.animals.base import Visitor
from tests.zoo.animals.weights import Padded, copy_of, number_of


class MediaCache(Visitor):
    """Asks for one more page for each item, by a media pipeline."""

    name = "media_cache"

    def parse(self, response):
        number = response.url.rpartition("/")[2]
        yield {"url": f"{self.site}/file/{number}?kb=120&ms=50"}


@shelf_library.remember
def text_of(url, response):  # here: memoised
    return copy_of(response)


class Memoised(Padded):
    """Has the results of a function kept by the decorator of a library."""

    name = "memoised"
    text_of = staticmethod(text_of)

    def parse(self, response):
        yield {"length": len(self.text_of(response.url, response))}


class KeepingContent(MediaPipeline):
    """Returns the content, which Scrapy caches for as long as it crawls."""

    def get_media_requests(self, item, info):
        return [scrapy.Request(item["url"])]

    def media_to_download(self, request, info, *, item=None):
        return None

    def media_downloaded(self, response, request, info, *, item=None):
        return {"url": response.url, "content": copy_of(response)}

    def media_failed(self, failure, request, info):
        return failure

    def file_path(self, request, response=None, info=None, *, item=None):
        return request.url

    def item_completed(self, results, item, info):
        return item


class KeepingLength(KeepingContent):
    def media_downloaded(self, response, request, info, *, item=None):
        return len(response.body)


class JarForEach(Visitor):
    """Has a cookie jar for each page, with large cookies."""

    name = "jar_for_each"

    def page(self, number, **kwargs):
        cookies = {f"basket{each}": f"{number}" + "x" * 3000 for each in range(20)}
        request = super().page(number, meta={"cookiejar": number}, **kwargs)
        return request.replace(cookies=cookies)


class RulesOfMany(Visitor):
    """Visits a page on each of many domains, each with many rules for robots."""

    name = "rules_of_many"
    host = "wordy{}.localhost"
    hosts = None

    def page(self, number, **kwargs):
        host = number if self.hosts is None else number % self.hosts
        site = self.site.replace("127.0.0.1", self.host.format(host))
        return scrapy.Request(f"{site}/page/{number}?ms=50", **kwargs)


class RulesOfFew(RulesOfMany):
    name = "rules_of_few"
    hosts = 20


class LongFingerprints(Visitor):
    name = "long_fingerprints"


class WholeRequest:
    """Takes a whole request for its fingerprint, and not a hash of it."""

    def fingerprint(self, request):
        return request.url.encode() + b" " * 50_000


class TinyCache:
    """A cache as people write it, with a bound on the object."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.entries = collections.OrderedDict()

    def add(self, key, value):
        self.entries[key] = value
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=False)


class LeastRecent(collections.OrderedDict):
    """A dict with a bound."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if len(self) > self.limit:
            self.popitem(last=False)


class ToolsCache(collections.UserDict):
    """As the caches of cachetools are: a private bound, and a private dict."""

    def __init__(self, maxsize):
        self.__maxsize = maxsize
        super().__init__()

    @property
    def maxsize(self):
        return self.__maxsize

    def __setitem__(self, key, value):
        if len(self.data) >= self.maxsize:
            self.data.pop(next(iter(self.data)))
        self.data[key] = value


class FillingCaches(Padded):
    """Has caches of several makes, none of which fills while it crawls."""

    name = "filling_caches"
    size = 6000

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latest = collections.deque(maxlen=self.size)
        self.tiny = TinyCache(self.size)
        self.recent = LeastRecent(self.size)
        self.tools = ToolsCache(self.size)
        self.local = LocalCache(self.size)

    def parse(self, response):
        text, number = copy_of(response), number_of(response)
        self.latest.append(text[:8_000])
        self.tiny.add(number, text[1:8_000])
        self.recent[number] = text[2:8_000]
        self.tools[number] = text[3:8_000]
        self.local[number] = text[4:8_000]
        computed(text[5:8_000])


@functools.lru_cache(maxsize=6000)
def computed(text):
    return text.lower()
