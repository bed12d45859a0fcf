"""Spiders whose pages a browser renders: scrapy-playwright, with a real Chromium."""

from __future__ import annotations

from tests.zoo.animals.base import Visitor


class Browser(Visitor):
    """Gives each page of the browser to its callback."""

    at_once = 8
    context = "default"

    def page(self, number, **kwargs):
        meta = {
            "playwright": True,
            "playwright_include_page": True,
            "playwright_context": self.context.format(number),
        }
        return super().page(number, meta=meta, errback=self.failed, **kwargs)

    async def failed(self, failure):
        await failure.request.meta["playwright_page"].close()


class PagesLeftOpen(Browser):
    name = "pages_left_open"

    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}


class ContextsLeftOpen(Browser):
    name = "contexts_left_open"
    context = "of page {}"

    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}
        await page.close()


class PagesRunOut(PagesLeftOpen):
    """Waits for ever for a page, once all that a context may have are open."""

    name = "pages_run_out"


class PagesClosed(Browser):
    name = "pages_closed"

    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}
        await page.close()


class ContextsClosed(Browser):
    name = "contexts_closed"
    context = "of page {}"

    async def parse(self, response):
        page = response.meta["playwright_page"]
        yield {"url": response.url, "title": await page.title()}
        await page.close()
        await page.context.close()


class NoPagesGiven(Visitor):
    """Has the browser render each page, and the handler close it."""

    name = "no_pages_given"
    at_once = 8

    def page(self, number, **kwargs):
        return super().page(number, meta={"playwright": True}, **kwargs)
