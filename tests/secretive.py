"""Spiders whose URLs and lines of source have secrets in them."""

from __future__ import annotations

from scrapy.utils.trackref import object_ref
from secret_forms import FORMS
from spiders import Healthy, Leaking


class Page(object_ref):
    def __init__(self, url):
        self._url = url


class Secretive(Healthy):
    """Keeps an object with each form of URL, of a class of its own, for each page."""

    name = "secretive"

    def start_requests(self):
        self.kept = []
        for url in FORMS:
            self.crawler.stats.set_value(f"proxies/{url}", url)
        names = [f"Page{number}" for number in range(len(FORMS))]
        self.classes = [type(name, (Page,), {}) for name in names]
        yield from super().start_requests()

    def parse(self, response):
        for url, cls in zip(FORMS, self.classes, strict=True):
            self.kept.append(cls(url))
        yield from super().parse(response)


class Quoted(Leaking):
    """Leaks by a line with a secret in it."""

    name = "quoted"

    def follow(self, response):
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(
                href, self.parse, meta={"referer": response, "token": "hUsh7"}
            )
