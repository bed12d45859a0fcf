from __future__ import annotations

import scrapy


class HealthySpider(scrapy.Spider):
    """Walks the catalogue, and passes on the URL it came from, not the page."""

    name = "healthy"

    async def start(self):
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/catalogue.php?page=0")

    def start_requests(self):  # the name of start() before Scrapy 2.13
        yield scrapy.Request(f"{self.settings['SHOP_URL']}/catalogue.php?page=0")

    def parse(self, response):
        for href in response.css("a.product::attr(href)").getall():
            yield response.follow(
                href, self.parse_product, cb_kwargs={"referer": response.url}
            )
        yield from response.follow_all(css="a.next")

    def parse_product(self, response, referer):
        yield {
            "name": response.css("h1::text").get(),
            "url": response.url,
            "referer": referer,
        }
