from __future__ import annotations

import scrapy
from scrapy.utils.defer import maybe_deferred_to_future

PAGES = 3_000


class PaginationSpider(scrapy.Spider):
    """Walks the catalogue in one coroutine, which keeps all rows until its end.

    No response is leaked: what grows is a local variable.
    """

    name = "pagination"

    async def start(self):
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/catalogue.php?page=0")

    def start_requests(self):  # the name of start() before Scrapy 2.13
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/catalogue.php?page=0")

    async def parse(self, response):
        rows = []
        for number in range(PAGES):
            url = response.urljoin(f"/catalogue.php?page={number % 100}&run={number}")
            page = await self.fetch(scrapy.Request(url, dont_filter=True))
            rows += [
                {"link": link.get(), "among": page.css("ul").get()}
                for link in page.css("a")
            ]
        for row in rows:
            yield row

    async def fetch(self, request):
        engine = self.crawler.engine
        if hasattr(engine, "download_async"):  # from Scrapy 2.14 on
            return await engine.download_async(request)
        return await maybe_deferred_to_future(engine.download(request))
