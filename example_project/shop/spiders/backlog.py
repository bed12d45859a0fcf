from __future__ import annotations

import scrapy


class BacklogSpider(scrapy.Spider):
    """Finds ten new pages on each page: its queue grows, and that is no leak."""

    name = "backlog"
    custom_settings = {"CLOSESPIDER_PAGECOUNT": 3000}

    async def start(self):
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/product.php?pid=123")

    def start_requests(self):  # the name of start() before Scrapy 2.13
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/product.php?pid=123")

    def parse(self, response):
        yield {"name": response.css("h1::text").get(), "url": response.url}
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(href, self.parse)
