"""Spiders whose pages come by other download handlers; a comment names the line."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.zoo.animals.base import Visitor
from tests.zoo.animals.leaks import Keeper


class KeptPages(Keeper):
    name = "kept_pages"

    def parse(self, response):
        self.kept.append(response)  # here: kept_pages


class Visits(Visitor):
    """Keeps no page; some are missing, some break off and some take long."""

    name = "visits"

    def page(self, number, **kwargs):
        ending = ("", "?status=404", "?drop=1", "?kb=300")[number % 4]
        request = super().page(number, errback=self.failed, **kwargs)
        return request.replace(url=request.url + ending)

    def failed(self, failure):
        yield {"url": failure.request.url, "error": failure.type.__name__}


class ProxyForEachPage(Visitor):
    """Has another session with its proxy for each page, as rotating proxies offer."""

    name = "proxy_for_each_page"

    def page(self, number, **kwargs):
        place = urlsplit(self.site).netloc
        proxy = f"http://user-session-{number}:password@{place}"
        return super().page(number, meta={"proxy": proxy}, **kwargs)


class FewProxies(ProxyForEachPage):
    name = "few_proxies"

    def page(self, number, **kwargs):
        return (
            super().page(number).replace(meta=super().page(number % 20).meta, **kwargs)
        )
